import type { Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import {
  combineLatest,
  concat,
  defer,
  EMPTY,
  from,
  map,
  NEVER,
  type Observable,
  of,
  range,
  Subject,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { ConnectionLost, type Overflowed, ProxyClosed, ServiceFault, TokenRefused } from '../../src/errors/errors.js';
import { Ledger, publishTo, type Published, type PublishFailure } from '../../src/flow/index.js';
import { json } from '../../src/codec/index.js';
import { QOS } from '../../src/shared/qos.js';
import { topicTemplate } from '../../src/topic/index.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { asText, connected, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';

type Outcome<A> = Either<PublishFailure<A> | Overflowed, Published<A>>;

const watch = <A>(outcomes$: Observable<Outcome<A>>, until?: number): string[] => watched(() => outcomes$, describeOutcome, until);

const describeOutcome = <A>(outcome: Outcome<A>): string => {
  if (outcome._tag === 'Right') return `${String(outcome.right.value)} by ${outcome.right.by} attempt ${outcome.right.attempts}`;
  const error = outcome.left;
  if (error._tag === 'Overflowed') return `overflowed ${error.messages}`;
  return `${String(error.value)} ${error._tag} ${error.outcome} attempt ${error.attempts}`;
};

const refusal = (retryable = true): ServiceFault<'message'> =>
  new ServiceFault('message', {
    operation: 'aws.greengrass#PublishToIoTCore',
    topicName: 'out',
    reason: 'SpoolFull',
    retryable,
    remedy: '',
    serverCode: 'ServiceError',
    serverText: '',
  });

const fixed = (milliseconds: number, times: number): Schedule => ({
  delay: ({ attempt }) => (attempt > times ? undefined : milliseconds),
  resetAfter: undefined,
});

describe('publishTo', () => {
  it('publishes no more than inFlight at once and hands on one outcome for every value', () => {
    const proxy = fakeProxy(() => ({ after: 10 }));
    expect(watch(range(1, 5).pipe(publishTo(proxy, asText, { inFlight: 2 })))).toEqual([
      '10 1 by spooler attempt 1',
      '10 2 by spooler attempt 1',
      '20 3 by spooler attempt 1',
      '20 4 by spooler attempt 1',
      '30 5 by spooler attempt 1',
      '30 complete',
    ]);
    expect(proxy.mostUnderWay).toBe(2);
  });

  it('hands on outcomes as they are known, or in the order of the values where asked', () => {
    const slowFirst = (payload: string): { after: number } => ({ after: payload === '1' ? 30 : 10 });
    expect(watch(range(1, 3).pipe(publishTo(fakeProxy(slowFirst), asText, { inFlight: 3 }))).map(line => line.split(' ')[1])).toEqual([
      '2',
      '3',
      '1',
      'complete',
    ]);
    expect(watch(range(1, 3).pipe(publishTo(fakeProxy(slowFirst), asText, { inFlight: 3, ordered: true })))).toEqual([
      '30 1 by spooler attempt 1',
      '30 2 by spooler attempt 1',
      '30 3 by spooler attempt 1',
      '30 complete',
    ]);
  });

  it('tries again by the schedule without subscribing to the source again', () => {
    let subscriptions = 0;
    const source$ = of('a').pipe(tap({ subscribe: () => subscriptions++ }));
    const proxy = fakeProxy((_, nth) => (nth < 3 ? { after: 1, error: refusal() } : { after: 1 }));
    expect(watch(source$.pipe(publishTo(proxy, asText, { retry: fixed(100, 5) })))).toEqual(['203 a by spooler attempt 3', '203 complete']);
    expect(subscriptions).toBe(1);
  });

  it('gives up with the error, the value and the number of tries when the schedule does', () => {
    const proxy = fakeProxy(() => ({ after: 1, error: refusal() }));
    expect(watch(of('a', 'b').pipe(publishTo(proxy, asText, { retry: fixed(10, 2), inFlight: 1 })))).toEqual([
      '23 a ServiceFault refused attempt 3',
      '46 b ServiceFault refused attempt 3',
      '46 complete',
    ]);
  });

  it('does not retry what retrying cannot help', () => {
    const proxy = fakeProxy(() => ({ after: 1, error: refusal(false) }));
    expect(watch(of('a').pipe(publishTo(proxy, asText, { retry: fixed(10, 2) })))).toEqual([
      '1 a ServiceFault refused attempt 1',
      '1 complete',
    ]);
  });

  it('retries the refusal of a full queue even without a schedule, and nothing else', () => {
    const full = new ServiceFault('message', {
      operation: 'aws.greengrass#PublishToIoTCore',
      topicName: 'out',
      reason: 'PublishFailed',
      retryable: true,
      remedy: '',
      serverCode: 'ServiceError',
      serverText: '',
    });
    expect(
      watch(
        of('a').pipe(
          publishTo(
            fakeProxy((_, nth) => (nth === 1 ? { after: 1, error: full } : { after: 1 })),
            asText,
          ),
        ),
      ),
    ).toEqual(['102 a by spooler attempt 2', '102 complete']);
    expect(
      watch(
        of('a').pipe(
          publishTo(
            fakeProxy(() => ({ after: 1, error: refusal() })),
            asText,
          ),
        ),
      ),
    ).toEqual(['1 a ServiceFault refused attempt 1', '1 complete']);
  });

  it('gives up a try after its time, whose effect is then unknown', () => {
    const proxy = fakeProxy(payload => (payload === '2' ? { after: 10 } : 'never'));
    const source$ = timer(0, 5).pipe(
      take(3),
      map(n => n + 1),
    );
    expect(watch(source$.pipe(publishTo(proxy, asText, { timeout: 50 })))).toEqual([
      '15 2 by spooler attempt 1',
      '50 1 TimedOut unknown attempt 1',
      '60 3 TimedOut unknown attempt 1',
      '60 complete',
    ]);
  });

  it('calls the fate unknown when any try was, even if the last one was refused', () => {
    const errors = [new ConnectionLost('message', true), refusal(false)] as const;
    const proxy = fakeProxy((_, nth) => ({ after: 1, error: errors[nth - 1] ?? refusal() }));
    expect(watch(of('a').pipe(publishTo(proxy, asText, { retry: fixed(1, 5) })))).toEqual([
      '3 a ServiceFault unknown attempt 2',
      '3 complete',
    ]);
    expect(
      watch(
        of('a').pipe(
          publishTo(
            fakeProxy(() => ({ after: 1, error: new ConnectionLost('message', false) })),
            asText,
          ),
        ),
      ),
    ).toEqual(['1 a ConnectionLost refused attempt 1', '1 complete']);
  });

  it('reports what it dropped, once, in front of the next outcome', () => {
    const ledger = new Ledger();
    const dropped: number[] = [];
    const source$ = concat(range(1, 10), NEVER);
    const seen = watch(
      source$.pipe(
        publishTo(
          fakeProxy(() => ({ after: 10 })),
          asText,
          { inFlight: 1, buffer: { messages: 3, onDrop: n => dropped.push(n) }, ledger },
        ),
      ),
    );
    expect(seen).toEqual([
      '10 overflowed 6',
      '10 1 by spooler attempt 1',
      '20 8 by spooler attempt 1',
      '30 9 by spooler attempt 1',
      '40 10 by spooler attempt 1',
    ]);
    expect(dropped).toEqual([2, 3, 4, 5, 6, 7]);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      received: { messages: 10 },
      emitted: { messages: 4 },
      dropped: { messages: 6 },
      buffered: { messages: 0 },
      peak: { messages: 4 },
    });
  });

  it.each([
    ['a refused token', new TokenRefused(false), 'TokenRefused'],
    ['a closed proxy', new ProxyClosed(), 'ProxyClosed'],
  ])('ends with %s as its last value, and everything inside has its outcome before it', (_, error, tag) => {
    const ledger = new Ledger();
    const source = new Subject<number>();
    const proxy = fakeProxy(payload => (payload === '2' ? { after: 5, error } : { after: 10 }));
    const seen = watch(concat(range(1, 10), source).pipe(publishTo(proxy, asText, { inFlight: 3, ledger, retry: fixed(1, 100) })));
    expect(seen).toEqual([
      '5 1 ConnectionLost unknown attempt 1',
      '5 3 ConnectionLost unknown attempt 1',
      ...[4, 5, 6, 7, 8, 9, 10].map(value => `5 ${value} ConnectionLost refused attempt 0`),
      `5 2 ${tag} refused attempt 1`,
      '5 complete',
    ]);
    expect(source.observed).toBe(false);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      active: 0,
      received: { messages: 10 },
      failed: { messages: 10 },
      discarded: { messages: 0 },
      buffered: { messages: 0 },
    });
  });

  it('keeps the order of the values in front of the terminal failure, where asked', () => {
    const proxy = fakeProxy(payload =>
      payload === '2' ? { after: 5, error: new TokenRefused(false) } : payload === '3' ? { after: 1 } : 'never',
    );
    expect(watch(concat(range(1, 5), NEVER).pipe(publishTo(proxy, asText, { inFlight: 3, ordered: true })))).toEqual([
      '5 1 ConnectionLost unknown attempt 1',
      '5 3 by spooler attempt 1',
      '5 4 ConnectionLost refused attempt 0',
      '5 5 ConnectionLost refused attempt 0',
      '5 2 TokenRefused refused attempt 1',
      '5 complete',
    ]);
  });

  it('tells what only waited for its next try with the failure of the last one', () => {
    const proxy = fakeProxy(payload => (payload === '2' ? { after: 5, error: new TokenRefused(false) } : { after: 1, error: refusal() }));
    expect(watch(concat(range(1, 2), NEVER).pipe(publishTo(proxy, asText, { retry: fixed(100, 5) })))).toEqual([
      '5 1 ServiceFault refused attempt 1',
      '5 2 TokenRefused refused attempt 1',
      '5 complete',
    ]);
  });

  it('gives up what is left where the subscriber leaves between two of the last outcomes', () => {
    const ledger = new Ledger();
    const proxy = fakeProxy(payload => (payload === '1' ? { after: 5, error: new TokenRefused(false) } : 'never'));
    const outcomes$ = concat(range(1, 9), NEVER).pipe(publishTo(proxy, asText, { inFlight: 2, ledger }), take(3));
    expect(watch(outcomes$)).toHaveLength(4);
    expect(ledger.snapshot().stages[0]).toMatchObject({ failed: { messages: 4 }, discarded: { messages: 5 }, buffered: { messages: 0 } });
  });

  it('ends with a terminal Overflowed where the policy is fail, at once, and everything inside has its outcome before it', () => {
    const seen = watch(
      range(1, 10).pipe(
        publishTo(
          fakeProxy(() => ({ after: 10 })),
          asText,
          { inFlight: 1, buffer: { messages: 2, onFull: 'fail' } },
        ),
      ),
    );
    expect(seen).toEqual([
      '0 1 ConnectionLost unknown attempt 1',
      '0 2 TooManyPublishes refused attempt 0',
      '0 3 TooManyPublishes refused attempt 0',
      '0 overflowed 1',
      '0 complete',
    ]);
  });

  it('keeps each failure apart when one error answers several publishes', () => {
    const error = new ConnectionLost('message', true);
    const values: unknown[] = [];
    new TestScheduler(() => undefined).run(() => {
      of(1, 2)
        .pipe(
          publishTo(
            fakeProxy(() => ({ after: 1, error })),
            asText,
          ),
        )
        .subscribe(
          outcome =>
            outcome._tag === 'Left' &&
            outcome.left._tag === 'ConnectionLost' &&
            values.push(outcome.left.value, outcome.left instanceof ConnectionLost, outcome.left.stack === error.stack),
        );
    });
    expect(values).toEqual([1, true, true, 2, true, true]);
    expect(error).not.toHaveProperty('value');
  });

  it('publishes as many at once as the connected nucleus takes, and 8 before that is known', () => {
    const proxy = fakeProxy(() => ({ after: 10 }), timer(5).pipe(map(() => connected(20))));
    expect(watch(range(1, 40).pipe(publishTo(proxy, asText)))).toHaveLength(41);
    expect(proxy.log.filter(({ at }) => at === 0)).toHaveLength(8);
    expect(proxy.log.filter(({ at }) => at === 5)).toHaveLength(12);
    expect(proxy.mostUnderWay).toBe(20);
  });

  it('refuses a value of which no message can be made, by the reason the library gives, and goes on with the next', () => {
    const proxy = fakeProxy(() => ({ after: 1 }));
    const template = topicTemplate('rooms/{room}');
    const codec = json(t.number);
    const rooms = [
      { room: 'a/+', celsius: 1 },
      { room: 'b', celsius: NaN },
      { room: 'c', celsius: 2 },
    ];
    const outcomes$ = from(rooms).pipe(
      publishTo(proxy, ({ room, celsius }) => ({
        topicName: template.build({ room }),
        payload: codec.encode(celsius),
        qos: QOS.AT_LEAST_ONCE,
      })),
    );
    const outcomes: Outcome<(typeof rooms)[number]>[] = [];
    watched(() => outcomes$.pipe(tap(outcome => outcomes.push(outcome))), String);
    expect(outcomes).toMatchObject([
      { left: { _tag: 'InvalidRequest', outcome: 'refused', attempts: 0, value: rooms[0], cause: { _tag: 'InvalidTopic' } } },
      { left: { _tag: 'InvalidRequest', outcome: 'refused', attempts: 0, value: rooms[1], cause: { _tag: 'EncodeFailed' } } },
      { right: { value: rooms[2] } },
    ]);
  });

  it('hands a defect to the error channel: of the source, of request, of onDrop', () => {
    const proxy = fakeProxy(() => ({ after: 10 }));
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(watch(throwError(() => new Error('source')).pipe(publishTo(proxy, asText)))).toEqual(['0 Error: source']);
    expect(watch(of(1).pipe(publishTo(proxy, broken)))).toEqual(['0 Error: broken']);
    expect(watch(range(1, 3).pipe(publishTo(proxy, asText, { inFlight: 1, buffer: { messages: 1, onDrop: broken } })))).toEqual([
      '0 overflowed 1',
      '0 Error: broken',
    ]);
    expect(watch(of(1).pipe(publishTo({ publish$: () => EMPTY, state$: EMPTY }, asText)))).toMatchObject([/contract of MqttProxy/]);
  });

  it.each<[string, number, (outcomes$: Observable<unknown>, leave$: Subject<void>) => Observable<unknown>]>([
    ['before it begins', 0, outcomes$ => combineLatest([throwError(() => new Error('another source')), outcomes$])],
    ['while it begins', 1, (outcomes$, leave$) => outcomes$.pipe(takeUntil(leave$))],
  ])('lets go of the port where its subscriber leaves %s', (_when, times, together) => {
    const leave$ = new Subject<void>();
    const later$ = new Subject<never>();
    let holding = 0;
    let followed = 0;
    const state$ = defer(() => {
      followed++;
      leave$.next();
      return later$;
    });
    const holdDrain = (): (() => void) => {
      holding++;
      return () => {
        holding--;
      };
    };
    const ledger = new Ledger();
    const outcomes$ = NEVER.pipe(publishTo({ ...fakeProxy(() => 'never', state$), holdDrain }, asText, { ledger }));
    together(outcomes$, leave$).subscribe({ error: () => undefined });
    expect({ holding, followed, isFollowed: later$.observed, active: ledger.snapshot().stages.map(({ active }) => active) }).toEqual({
      holding: 0,
      followed: times,
      isFollowed: false,
      active: [0],
    });
  });

  it('refuses an inFlight that lets nothing through', () => {
    expect(() =>
      publishTo(
        fakeProxy(() => 'at once'),
        asText,
        { inFlight: 0 },
      ),
    ).toThrow(RangeError);
  });
});
