import fc from 'fast-check';
import { right, type Either } from 'fp-ts/lib/Either.js';
import { map, NEVER, type Observable, Subject, takeUntil, tap, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connect, fixed, type MqttProxy, type PublishRequest, QOS } from '../../src/index.js';
import { Ledger, publishTo, type PublishToOptions } from '../../src/flow/index.js';
import { deadLetterTo } from '../../src/sinks/index.js';
import { type Fault, MemoryNucleus } from '../../src/testing/index.js';
import type { TransportName } from '../../src/shared/profile.js';
import { record } from '../kit/streams/recorded.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { timeLimit } from '../../scripts/time-limit.js';

const numRuns = Number(process.env['FLOW_RUNS'] ?? 1_000);

const asMessage = (value: number) => ({ topicName: 'test/out', payload: String(value), qos: QOS.AT_LEAST_ONCE });

interface Outcome {
  readonly value: number;
  readonly outcome: 'accepted' | 'unknown' | 'refused';
  readonly kind: 'message' | 'terminal';
}

type Element = Either<
  {
    readonly _tag: string;
    readonly kind: string;
    readonly value?: number;
    readonly outcome?: 'unknown' | 'refused';
    readonly messages?: number;
  },
  { readonly value: number }
>;

const outcomeOf = (element: Element): Outcome | undefined => {
  if (element._tag === 'Right') return { value: element.right.value, outcome: 'accepted', kind: 'message' };
  const { value, outcome, kind } = element.left;
  return value === undefined || outcome === undefined ? undefined : { value, outcome, kind: kind === 'terminal' ? 'terminal' : 'message' };
};

type Event = { readonly at: number } & ({ readonly values: number } | { readonly fault: Fault } | { readonly stop: 'close' | 'drain' });

interface Run {
  readonly profile: 'classic' | 'lite';
  readonly inFlight: number | undefined;
  readonly portInFlight: number;
  readonly buffer: number;
  readonly ordered: boolean;
  readonly retry: boolean;
  readonly onFull: 'dropOldest' | 'fail';
  readonly reconnects: number;
  readonly latency: number;
  readonly events: readonly Event[];
}

const moment = fc.integer({ min: 0, max: 200 });
const events: fc.Arbitrary<readonly Event[]> = fc
  .tuple(
    fc.array(fc.record({ at: moment, values: fc.integer({ min: 1, max: 40 }) }), { minLength: 1, maxLength: 6 }),
    fc.array(
      fc.record({
        at: moment,
        fault: fc.constantFrom<Fault>(
          'withhold publish',
          'release publish',
          'drop connection',
          'drop before publish reply',
          'freeze nucleus',
        ),
      }),
      { maxLength: 4 },
    ),
    fc.oneof(
      fc.record({ at: moment, stop: fc.constantFrom<'close' | 'drain'>('close', 'drain') }),
      fc.record({ at: moment, fault: fc.constantFrom<Fault>('restart nucleus', 'kill nucleus', 'refuse connect') }),
    ),
  )
  .map(([values, faults, end]) => [...values, ...faults, end]);

const run: fc.Arbitrary<Run> = fc.record({
  profile: fc.constantFrom('classic' as const, 'lite' as const),
  inFlight: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  portInFlight: fc.integer({ min: 1, max: 12 }),
  buffer: fc.integer({ min: 0, max: 60 }),
  ordered: fc.boolean(),
  retry: fc.boolean(),
  onFull: fc.constantFrom('dropOldest' as const, 'fail' as const),
  reconnects: fc.integer({ min: 0, max: 3 }),
  latency: fc.integer({ min: 0, max: 30 }),
  events,
});

const optionsOf = ({ inFlight, ordered, retry, buffer, onFull }: Run, dropped: Set<number>): PublishToOptions<number> => ({
  inFlight,
  ordered,
  retry: retry ? { delay: ({ attempt }) => (attempt > 4 ? undefined : 7), resetAfter: undefined } : undefined,
  buffer: { messages: buffer, onFull, onDrop: value => dropped.add(value) },
  random: () => 0.5,
});

/** Runs it all, and closes the proxy long after whatever happened. */
const played = (spec: Run, pipe: (stage$: Observable<Element>) => Observable<unknown>) => {
  const scheduler = new VirtualTimeScheduler();
  const nucleus = new MemoryNucleus({ scheduler, profile: spec.profile, latency: { connect: spec.latency, publish: spec.latency } });
  const proxy = nucleus.connect({
    inFlight: spec.portInFlight,
    publishTimeout: 120,
    connectTimeout: 40,
    reconnect: { delay: ({ attempt }) => (attempt > spec.reconnects ? undefined : 5), resetAfter: undefined },
  });
  const source = new Subject<number>();
  const taken: number[] = [];
  const dropped = new Set<number>();
  const elements: Element[] = [];
  const ledger = new Ledger();
  let end: string | undefined;
  const outcomes$: Observable<Element> = source.pipe(
    takeUntil(proxy.draining$),
    tap(value => taken.push(value)),
    publishTo(proxy, asMessage, { ...optionsOf(spec, dropped), ledger, scheduler }),
    tap(element => elements.push(element)),
  );
  pipe(outcomes$).subscribe({ error: (error: unknown) => (end = String(error)), complete: () => (end = 'complete') });
  let next = 0;
  for (const event of spec.events) {
    scheduler.schedule(() => {
      if ('values' in event) for (let i = 0; i < event.values; i++) source.next(next++);
      else if ('fault' in event) nucleus.inflict(event.fault);
      else if (event.stop === 'close') void proxy.close();
      else {
        void proxy.drain(30)();
        scheduler.schedule(() => void proxy.close(), 30);
      }
    }, event.at);
  }
  scheduler.schedule(() => source.complete(), 1_000);
  scheduler.schedule(() => void proxy.close(), 2_000);
  scheduler.flush();
  return { nucleus, taken, dropped, elements, ledger, end };
};

const must = (holds: boolean, what: string, ...seen: unknown[]): void => {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}`);
};

const byNumber = (a: number, b: number): number => a - b;

describe('every value that publishTo has taken', () => {
  it(
    'leaves it with one outcome that names it, whenever the proxy is closed, drained, cut or refused',
    { timeout: timeLimit(numRuns * 40) },
    () => {
      fc.assert(
        fc.property(run, spec => {
          const { nucleus, taken, dropped, elements, ledger, end } = played(spec, stage$ => stage$);
          must(end === 'complete', 'the stage has completed', end);
          const outcomes = elements.flatMap(element => outcomeOf(element) ?? []);
          const named = [...outcomes.map(({ value }) => value), ...dropped].sort(byNumber);
          must(named.join() === [...taken].sort(byNumber).join(), 'taken = outcomes + dropped', taken, named);
          // One terminal failure at most, and nothing behind it.
          const terminal = elements.findIndex(element => element._tag === 'Left' && element.left.kind === 'terminal');
          must(terminal === -1 || terminal === elements.length - 1, 'the terminal one is the last', elements.slice(terminal));
          const published = new Set(nucleus.published.map(({ payload }) => Number(Buffer.from(payload).toString())));
          for (const { value, outcome } of outcomes) {
            if (outcome === 'accepted') must(published.has(value), 'an accepted one was taken', value);
            if (outcome === 'refused') must(!published.has(value), 'a refused one was not', value, elements.at(-1));
          }
          const [stage] = ledger.snapshot().stages;
          must(stage?.discarded.messages === 0 && stage.buffered.messages === 0, 'nothing is discarded', stage);
          must(
            stage?.failed.messages === outcomes.filter(({ outcome }) => outcome !== 'accepted').length,
            'every failure is counted',
            stage,
          );
        }),
        { numRuns },
      );
    },
  );

  it('has an outcome, also where each waits for its turn and the nucleus takes more at once than was known when the stage began', () => {
    const { taken, elements, dropped } = played(
      {
        profile: 'classic',
        inFlight: undefined,
        portInFlight: 10,
        buffer: 0,
        ordered: true,
        retry: true,
        onFull: 'dropOldest',
        reconnects: 0,
        latency: 0,
        events: [
          { at: 0, values: 1 },
          { at: 0, fault: 'withhold publish' },
          { at: 1, values: 9 },
          { at: 1, stop: 'close' },
        ],
      },
      stage$ => stage$,
    );
    expect(elements.map(element => outcomeOf(element)?.value ?? -1).sort(byNumber)).toEqual(taken);
    expect([...dropped]).toEqual([]);
  });

  it('is among the dead letters, or accepted', { timeout: timeLimit(numRuns * 40) }, () => {
    fc.assert(
      fc.property(run, spec => {
        const letters: number[] = [];
        const { taken, dropped, elements } = played(spec, stage$ =>
          stage$.pipe(deadLetterTo(letters$ => letters$.pipe(map(({ original }) => right(letters.push(original as number)))))),
        );
        const accepted = elements.flatMap(element => (element._tag === 'Right' ? [element.right.value] : []));
        must(
          [...letters, ...accepted, ...dropped].sort(byNumber).join() === taken.sort(byNumber).join(),
          'taken = letters + accepted',
          letters,
        );
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });
});

const TRANSPORTS: readonly TransportName[] = ['socket', 'crt'];

describe.each(TRANSPORTS)('over %s, every value that publishTo has taken', transport => {
  const connected = (nucleus: Awaited<ReturnType<typeof start>>): MqttProxy =>
    connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), transport, reconnect: fixed(1) });

  it.each([64, 65, 500])('of %i has its outcome when the proxy is closed after a drain without an answer', async count => {
    await using nucleus = await start('classic');
    await using proxy = connected(nucleus);
    await proxy.ready()();
    using _withheld = nucleus.faults.withholdReply({ operation: 'publish' });
    const source = new Subject<number>();
    const outcomes = record(source.pipe(publishTo(proxy, asMessage, { inFlight: 64 })));
    for (let value = 0; value < count; value++) source.next(value);
    source.complete();
    expect(await proxy.drain(50)()).toMatchObject({ unfinished: 64, stagesUnfinished: 1 });
    await proxy.close();
    const seen = (await outcomes.all()).flatMap(element => outcomeOf(element) ?? []);
    expect(seen.map(({ value }) => value).sort(byNumber)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(seen.filter(({ outcome }) => outcome === 'unknown')).toHaveLength(64);
    expect(seen.filter(({ outcome }) => outcome === 'refused')).toHaveLength(count - 64);
  });

  it.each(PROFILES)('has its outcome when the %s nucleus restarts and refuses the token', async profile => {
    await using nucleus = await start(profile);
    await using proxy = connected(nucleus);
    await proxy.ready()();
    using _withheld = nucleus.faults.withholdReply({ operation: 'publish' });
    const source = new Subject<number>();
    const letters: unknown[] = [];
    const outcomes = record(
      source.pipe(
        publishTo(proxy, asMessage, { inFlight: 64 }),
        deadLetterTo(letters$ => letters$.pipe(map(({ original }) => right(letters.push(original))))),
      ),
    );
    for (let value = 0; value < 500; value++) source.next(value);
    await nucleus.restart();
    expect((await outcomes.all()).at(-1)).toMatchObject({ left: { _tag: 'TokenRefused', kind: 'terminal' } });
    expect(letters.map(Number).sort(byNumber)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});

describe('publishTo whose port says nothing more once it has failed', () => {
  it('gives what is under way an unknown outcome in the same instant', () => {
    const scheduler = new VirtualTimeScheduler();
    const nucleus = new MemoryNucleus({ scheduler });
    const proxy = nucleus.connect();
    void proxy.close();
    let asked = 0;
    // The first three are never answered.
    const port = { state$: NEVER, publish$: (request: PublishRequest) => (++asked < 4 ? NEVER : proxy.publish$(request)) };
    const source = new Subject<number>();
    const outcomes = record(source.pipe(publishTo(port, asMessage, { inFlight: 4, scheduler })));
    for (let value = 0; value < 6; value++) source.next(value);
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
    expect(outcomes.values.map(outcomeOf)).toEqual([
      { value: 0, outcome: 'unknown', kind: 'message' },
      { value: 1, outcome: 'unknown', kind: 'message' },
      { value: 2, outcome: 'unknown', kind: 'message' },
      { value: 3, outcome: 'refused', kind: 'terminal' },
    ]);
    expect(source.observed).toBe(false);
  });
});
