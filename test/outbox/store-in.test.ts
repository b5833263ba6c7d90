import type { Either } from 'fp-ts/lib/Either.js';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncScheduler, combineLatest, concat, ignoreElements, merge, mergeMap, NEVER, of, range, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/flow/ledger.js';
import { VirtualDisk, withVirtualDisk } from '../../src/outbox/virtual-disk.js';
import { forwardFrom, openOutbox, storeIn, type Stored, type StoreFailure } from '../../src/outbox/index.js';
import type { Overflowed } from '../../src/errors/errors.js';
import { QOS } from '../../src/shared/qos.js';
import { watched } from '../kit/time/virtual.js';
import { ownFolder } from './stores.js';
import type { PublishRequest } from '../../src/ports/mqtt-proxy.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import type { StoreInOptions } from '../../src/outbox/store-in.js';
import { topicTemplate } from '../../src/topic/topic-template.js';
import { inMemory, inStore, onSlowDisk, Port } from './virtual.js';

const toRequest = (value: unknown) => ({ topicName: 't', payload: String(value), qos: QOS.AT_LEAST_ONCE });

const describeOutcome = (outcome: Either<StoreFailure<unknown> | Overflowed, Stored<unknown>>): string => {
  if (outcome._tag === 'Left') return `${outcome.left._tag} ${outcome.left.message}`;
  const { value, number, gaveWay } = outcome.right;
  return `${String(value)} stored as ${number}${gaveWay.messages > 0 ? `, ${gaveWay.messages} gave way` : ''}`;
};

describe('storeIn', () => {
  it('hands a value on when its commit is done: after so many messages, or after so long', () => {
    const outbox = inMemory({ commit: { messages: 3, within: 50 } });
    expect(watched(() => concat(range(1, 4), NEVER).pipe(storeIn(outbox, toRequest)), describeOutcome, 1_000)).toEqual([
      '0 1 stored as 1',
      '0 2 stored as 2',
      '0 3 stored as 3',
      '50 4 stored as 4',
    ]);
  });

  it('waits for no others once its source has completed, whoever else has begun to wait', () => {
    const outbox = inMemory({ commit: { messages: 100, within: 60_000 } });
    const other$ = concat(of('other'), NEVER);
    const waits = watched(() => merge(other$, timer(10).pipe(ignoreElements())).pipe(storeIn(outbox, toRequest)), describeOutcome, 1_000);
    expect(waits).toEqual([]);
    const hurries = watched(
      () =>
        merge(
          other$.pipe(storeIn(outbox, toRequest)),
          timer(5).pipe(mergeMap(() => range(1, 5).pipe(storeIn(outbox, toRequest, { inFlight: 2 })))),
        ),
      describeOutcome,
      1_000,
    );
    expect(hurries).toEqual(['5 other stored as 1', ...[1, 2, 3, 4, 5].map(n => `5 ${n} stored as ${n + 1}`)]);
  });

  it('touches nothing in a dry run or a marble test, whatever path it was told', () => {
    const folder = ownFolder();
    const outbox = openOutbox({ path: join(folder, 'outbox.sqlite') });
    const outcomes = withVirtualDisk(new VirtualDisk(), () => watched(() => of(1).pipe(storeIn(outbox, toRequest)), describeOutcome));
    expect(outcomes).toEqual(['0 1 stored as 1', '0 complete']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('opens no file where its subscriber left before it began', () => {
    let opened = 0;
    const outbox = inStore(store => ({
      open: now => {
        opened++;
        return store.open(now);
      },
    }));
    const outcomes$ = NEVER.pipe(storeIn(outbox, toRequest));
    watched(() => combineLatest([throwError(() => new Error('another source')), outcomes$]), String, 2_000);
    expect(opened).toBe(0);
  });

  it('refuses at once what could never be sent, with the value', () => {
    const outbox = inMemory({ topics: ['t', 'alarms/+'] });
    const outcomes = watched(
      () => of('t/#', 'elsewhere', 't').pipe(storeIn(outbox, topicName => ({ topicName, payload: '', qos: QOS.AT_LEAST_ONCE }))),
      outcome => (outcome._tag === 'Left' ? `${outcome.left._tag} ${'value' in outcome.left ? outcome.left.value : ''}` : 'stored'),
    );
    expect(outcomes).toEqual(['0 InvalidRequest t/#', '0 InvalidRequest elsewhere', '0 stored', '0 complete']);
  });

  it('has every mistake of the program in the error channel, and in nothing else, whether the file is open by then or not', () => {
    const thrown = (): never => {
      throw new Error('boom');
    };
    const late = (): never => Promise.reject(new Error('nobody looks after this')) as never;
    const errorOf = (outbox: Outbox, request: () => PublishRequest, options?: StoreInOptions<number>): string | undefined =>
      watched(
        () => of(1).pipe(storeIn(outbox, request, options)),
        ({ _tag }) => _tag,
        1_000,
      ).at(-1);
    const message = (): PublishRequest => toRequest(1);
    for (const outbox of [inMemory, () => onSlowDisk(5)]) {
      expect(errorOf(outbox(), thrown)).toBe('0 Error: boom');
      for (const name of ['key', 'priority', 'expires'] as const) {
        expect(errorOf(outbox(), message, { [name]: thrown })).toBe('0 Error: boom');
        expect(errorOf(outbox(), message, { [name]: late })).toMatch(`0 TypeError: ${name} returned a promise`);
      }
      expect(errorOf(outbox(), late)).toMatch('0 TypeError: toRequest returned a promise');
      expect(errorOf(outbox(), message, { priority: () => NaN })).toMatch('0 RangeError: priority must be');
      for (const key of [5, {}, Symbol('meter')])
        expect(errorOf(outbox(), message, { key: () => key as never })).toMatch('0 TypeError: key must give a text, and gave');
      expect(errorOf(outbox(), message, { expires: () => -1 })).toMatch('0 RangeError: expires must be');
    }
  });

  it('refuses a stream that is no text where it is written', () => {
    for (const stream of [5, Symbol('meter')])
      expect(() => storeIn(inMemory(), toRequest, { stream: stream as never })).toThrow('stream must be a text, not ');
  });

  it('refuses a value that fits into no topic, and stores the next', () => {
    const topic = topicTemplate('rooms/{room}');
    const outcomes = watched(
      () => of('a/b', 'c').pipe(storeIn(inMemory(), room => ({ ...toRequest(room), topicName: topic.build({ room }) }))),
      describeOutcome,
    );
    expect(outcomes).toEqual([expect.stringMatching(/^0 InvalidRequest .*a\/b/), '0 c stored as 1', '0 complete']);
  });

  it.each([
    { mark: 'members' as const, fits: 131_072, tooLarge: 131_073 },
    { mark: 'wrap' as const, fits: 97_000, tooLarge: 98_400 },
  ])('refuses a payload that with the longest mark is too large: $mark', ({ mark, fits, tooLarge }) => {
    const outbox = inMemory({ mark });
    const sizes$ = of(fits, tooLarge).pipe(
      storeIn(outbox, bytes => ({ topicName: 't', payload: 'x'.repeat(bytes), qos: QOS.AT_LEAST_ONCE })),
    );
    expect(
      watched(
        () => sizes$,
        ({ _tag }) => _tag,
      ),
    ).toEqual(['0 Right', '0 Left', '0 complete']);
  });

  it('refuses for Greengrass Lite what would not fit into its frame, and to be confirmed what would not come back', () => {
    const bytes$ = of(4_000, 4_900, 7_400);
    const toLite = (bytes: number) => ({ topicName: 't', payload: `"${'x'.repeat(bytes - 2)}"`, qos: QOS.AT_LEAST_ONCE });
    const tags = (outbox: ReturnType<typeof inMemory>): string[] =>
      watched(
        () => bytes$.pipe(storeIn(outbox, toLite)),
        ({ _tag }) => _tag,
      );
    expect(tags(inMemory({ profile: 'lite', mark: 'wrap' }))).toEqual(['0 Right', '0 Right', '0 Left', '0 complete']);
    expect(tags(inMemory({ profile: 'lite', mark: 'wrap', deleteWhen: 'confirmed', topics: ['t'] }))).toEqual([
      '0 Right',
      '0 Left',
      '0 Left',
      '0 complete',
    ]);
  });

  it('reckons with what the port of the forwarder adds to a message, from when there is a forwarder', () => {
    const sizes$ = of(130_972, 130_973);
    const toSize = (bytes: number) => ({ topicName: 't', payload: 'x'.repeat(bytes), qos: QOS.AT_LEAST_ONCE });
    const grown = ({ payload, ...request }: PublishRequest): PublishRequest => ({
      ...request,
      payload: `${String(payload)}${'y'.repeat(100)}`,
    });
    const outcomes = (...ports: readonly (((request: PublishRequest) => PublishRequest) | undefined)[]): string[] => {
      const outbox = inMemory({ mark: 'members' });
      const forwarded = ports.map(atLargest => forwardFrom(outbox, Object.assign(new Port(false), { atLargest })).pipe(ignoreElements()));
      return watched(
        () => merge(...forwarded, sizes$.pipe(storeIn(outbox, toSize))),
        ({ _tag }) => _tag,
        10,
      ).map(line => line.slice(2));
    };
    expect(outcomes(undefined)).toEqual(['Right', 'Right']);
    expect(outcomes(grown)).toEqual(['Right', 'Left']);
    // The second is refused, since there is another.
    expect(outcomes(undefined, grown)).toEqual(['Right', 'Right']);
    expect(outcomes(grown, undefined)).toEqual(['Right', 'Left']);
  });

  it('reckons with the MQTT 5 members of a message, which take room in the frame of Greengrass Lite', () => {
    const outbox = inMemory({ profile: 'lite', mark: 'wrap' });
    const lengths$ = of(4_000, 9_000);
    const withProperty = (length: number): PublishRequest => ({
      ...toRequest('1'),
      userProperties: [{ key: 'k', value: 'v'.repeat(length) }],
    });
    expect(
      watched(
        () => lengths$.pipe(storeIn(outbox, withProperty)),
        ({ _tag }) => _tag,
      ),
    ).toEqual(['0 Right', '0 Left', '0 complete']);
  });

  it('tells what gave way for it, and what did not fit where nothing gives way', () => {
    const large = Array.from({ length: 30 }, () => 'x'.repeat(50_000));
    const dropping = watched(
      () => of(...large).pipe(storeIn(inMemory({ maxBytes: 1 << 20, commit: { messages: 1 } }), toRequest)),
      outcome => (outcome._tag === 'Right' ? `${outcome.right.gaveWay.messages}` : 'left'),
    );
    expect(dropping.slice(0, 20).every(line => line === '0 0')).toBe(true);
    expect(dropping.slice(20, 30)).toEqual(Array.from({ length: 10 }, () => '0 1'));
    const refusing = watched(
      () => of(...large).pipe(storeIn(inMemory({ maxBytes: 1 << 20, onFull: 'refuse' }), toRequest)),
      outcome => (outcome._tag === 'Right' ? 'stored' : outcome.left._tag),
    );
    expect(refusing.filter(line => line === '0 stored')).toHaveLength(20);
    expect(refusing.filter(line => line === '0 Overflowed')).toHaveLength(10);
  });

  it('is counted by the ledger as a stage, and what is under way when it is given up is discarded', () => {
    const ledger = new Ledger();
    const outbox = inMemory({ commit: { messages: 3, within: 1_000 } });
    watched(() => concat(range(1, 5), NEVER).pipe(storeIn(outbox, toRequest, { ledger })), describeOutcome, 500);
    const [account] = ledger.snapshot().stages;
    expect(account).toMatchObject({
      kind: 'storeIn',
      received: { messages: 5 },
      emitted: { messages: 3 },
      discarded: { messages: 2 },
      buffered: { messages: 0 },
    });
  });

  it('has no more than 2 MiB on its way to the disk, and the rest waits for its turn', () => {
    const outbox = onSlowDisk(100);
    const payload = 'x'.repeat(100_000);
    const begun: string[] = [];
    const stored = watched(
      () =>
        range(1, 50).pipe(
          storeIn(outbox, () => {
            begun.push(`${asyncScheduler.now()}`);
            return { topicName: 't', payload, qos: QOS.AT_LEAST_ONCE };
          }),
        ),
      ({ _tag }) => _tag,
      1_000,
    );
    const first = begun.filter(at => at === begun[0]).length;
    expect(first).toBe(Math.ceil((2 << 20) / 100_000));
    expect(begun).toHaveLength(50);
    expect(stored.filter(line => line.endsWith('Right'))).toHaveLength(50);
  });

  it('still has what it stored when nobody has used it for a while, where it is in memory', () => {
    const outbox = inMemory();
    const depths: number[] = [];
    watched(() => of(1).pipe(storeIn(outbox, toRequest)), describeOutcome);
    watched(() => of(2).pipe(storeIn(outbox, toRequest)), describeOutcome);
    outbox.depth$.subscribe(({ messages }) => depths.push(messages)).unsubscribe();
    expect(depths).toEqual([2]);
  });
});

describe('openOutbox', () => {
  it.each([
    [{ maxBytes: 1000 }, 'maxBytes must be a number of at least 1048576, and is 1000.'],
    [{ maxAge: 0 }, 'maxAge must be a number of milliseconds above 0, or Infinity, and is 0.'],
    [{ commit: { messages: 0 } }, 'commit.messages must be a number from 1 on, and is 0.'],
    [{ commit: { within: -1 } }, 'commit.within must be a number of milliseconds from 0 on, or Infinity, and is -1.'],
    [{ topics: ['a/#/b'] }, 'topics: '],
    [{ deleteWhen: { after: 0 } }, 'deleteWhen.after must be a number of milliseconds above 0, or Infinity, and is 0.'],
    [{ deleteWhen: 'confirmed' as const }, 'it needs to be told them: topics.'],
    [{ deleteWhen: 'confirmed' as const, topics: ['$aws/rules/Store/t'] }, 'nobody can subscribe to it'],
    [{ deleteWhen: 'confirmed' as const, topics: ['t'], profile: 'lite' as const }, "needs mark: 'wrap' there"],
  ])('refuses %o', (options, problem) => {
    expect(() => openOutbox(options)).toThrow(problem);
  });

  it.each([
    [{ path: '' }, "path must be a text of at least one character, not ''."],
    [{ path: 5 }, 'path must be a text of at least one character, not 5.'],
    [{ onFull: 'fail' }, 'onFull must be "dropOldest" or "refuse" or "latestPerKey", not \'fail\'.'],
    [{ mark: 'userProperties' }, 'mark must be "members" or "wrap", not \'userProperties\'.'],
    [{ deleteWhen: 'sent' }, 'deleteWhen must be "accepted" or "confirmed", not \'sent\'.'],
  ])('refuses words that it does not know, of which no compiler has told: %o', (options, problem) => {
    expect(() => openOutbox(options as never)).toThrow(problem);
  });
});
