import { right } from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { asyncScheduler, from, of, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { publishTo } from '../../src/flow/index.js';
import {
  dedupe,
  envelope,
  type ForwardOptions,
  type ForwardPort,
  forwardFrom,
  type Mark,
  markOf,
  payloadOf,
} from '../../src/outbox/index.js';
import { marked } from '../../src/outbox/mark.js';
import type { MqttMessage, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { atTime, inMemory, passing, Port, storing, virtually } from './virtual.js';

const qos = QOS.AT_LEAST_ONCE;
const request = (payload: string | Uint8Array) => ({ topicName: 'meters/7', payload, qos });
const message = ({ payload }: { readonly payload: string | Uint8Array }) => ({ topicName: 'meters/7', payload: Buffer.from(payload) });

describe('envelope', () => {
  it('makes the bytes that an outbox with `wrap` makes', () => {
    const inEnvelope = envelope(request, { stream: 'kWh', scheduler: { now: () => 17, schedule: () => of().subscribe() } });
    for (const payload of ['{"kWh":1.50}', '1', 'no JSON', Uint8Array.of(0xff, 0)]) {
      const made = inEnvelope(payload);
      const mark = markOf(message(made));
      if (mark === undefined) throw new Error('no mark');
      expect(mark).toMatchObject({ stream: 'kWh', storedAt: 17, attempt: 1, replayed: false, lost: [] });
      expect(made).toEqual(marked(request(payload), mark, 'wrap'));
      expect(Buffer.from(payloadOf(message(made)))).toEqual(Buffer.from(payload));
    }
  });

  it('numbers what is published, so that a receiver knows what comes twice', () => {
    const sent: MqttMessage[] = [];
    const { state$ } = new Port();
    const publish$ = (made: PublishRequest) => {
      sent.push(message(made));
      return of(right({ by: 'spooler' as const }));
    };
    from(['1', '2', '3', '4'])
      .pipe(
        publishTo(
          { state$, publish$ },
          envelope(value => request(value)),
          { inFlight: 1 },
        ),
      )
      .subscribe();
    expect(sent.map(each => markOf(each)?.number)).toEqual([1, 2, 3, 4]);
    const [one, two, , four] = sent;
    if (one === undefined || two === undefined || four === undefined) throw new Error('not published');
    const received: unknown[] = [];
    from([one, two, two, four])
      .pipe(dedupe())
      .subscribe(each => received.push(markOf(each)?.number));
    expect(received).toEqual([1, 2, 4]);
  });

  it('begins anew with each call: another epoch, from 1 on', () => {
    const [one, other] = [envelope(request)('1'), envelope(request)('1')].map(made => markOf(message(made)));
    expect([one?.number, other?.number]).toEqual([1, 1]);
    expect(one?.epoch).not.toBe(other?.epoch);
  });
});

describe('a payload in an envelope', () => {
  it('comes out byte for byte, whatever the names around it', () => {
    const mark = { epoch: ',"payload":{', stream: '"payload":', number: 1, storedAt: 0, attempt: 1, replayed: false, lost: [] };
    for (const payload of ['{"a":9007199254740993,"payload":1e400}', '[1, 2]\n', '"}"'])
      expect(Buffer.from(payloadOf(message(marked(request(payload), mark, 'wrap')))).toString()).toBe(payload);
  });

  it('is the payload itself where there is none', () => {
    for (const payload of ['', '{}', '{"payload":1}', 'text'])
      expect(Buffer.from(payloadOf(message(request(payload)))).toString()).toBe(payload);
  });
});

describe('tellOldest', () => {
  it('tells with each message when the oldest was stored that is not sent yet, by either mark', () => {
    for (const mark of ['wrap', 'members'] as const) {
      const port = new Port(false);
      const marks: (Mark | undefined)[] = [];
      const { publish$ } = port;
      const noting: ForwardPort = {
        state$: port.state$,
        cloud$: port.cloud$,
        publish$: request => {
          marks.push(markOf({ ...request, payload: Buffer.from(request.payload) }));
          return publish$(request);
        },
      };
      virtually(() => {
        const outbox = inMemory({ mark, tellOldest: true });
        const subscriptions = [
          storing(outbox, ['a:1']),
          forwardFrom(outbox, noting, { live: { share: 0.5 }, inFlight: 1, messagesPerSecond: 2 }).subscribe(),
        ];
        atTime(1_000, () => subscriptions.push(storing(outbox, ['a:2'])));
        atTime(4_000, () => port.connect());
        atTime(4_100, () => subscriptions.push(storing(outbox, ['a:3', 'a:4'])));
        return subscriptions;
      });
      // 1 and 2 waited; what is live overtakes 2, and tells that 2 is still to come.
      expect(marks.map(each => [each?.number, each?.storedAt, each?.oldest])).toEqual([
        [1, 0, 0],
        [3, 4_100, 1_000],
        [2, 1_000, 1_000],
        [4, 4_100, 4_100],
      ]);
    }
  });

  it('is true whatever happens: all that was stored before has been accepted by then', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('store', 'store', 'break', 'connect'), fc.integer({ min: 1, max: 3_000 })), { maxLength: 40 }),
        fc.constantFrom<ForwardOptions['live']>({ share: 0.5 }, 'inTurn'),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 2, max: 9 }),
        (events, live, inFlight, nthRefused) => {
          const port = new Port();
          port.latency = 700;
          port.answer = (_, nth) => (nth % nthRefused === 0 ? passing : undefined);
          const stored: number[] = [];
          const accepted = new Set<number>();
          const untrue: unknown[] = [];
          const noting: ForwardPort = {
            state$: port.state$,
            cloud$: port.cloud$,
            publish$: request => {
              const told = markOf({ ...request, payload: Buffer.from(request.payload) });
              const { oldest = NaN, number = NaN, storedAt = NaN } = told ?? {};
              if (!(oldest <= storedAt) || stored.some((at, i) => at < oldest && !accepted.has(i + 1))) untrue.push(told);
              return port.publish$(request).pipe(tap(outcome => outcome._tag === 'Right' && accepted.add(number)));
            },
          };
          virtually(() => {
            const outbox = inMemory({ mark: 'wrap', tellOldest: true });
            const subscriptions = [forwardFrom(outbox, noting, { live, inFlight, messagesPerSecond: 3, random: () => 0.5 }).subscribe()];
            let at = 0;
            for (const [what, after] of events) {
              at += after;
              atTime(at, () => {
                if (what === 'break') port.break();
                else if (what === 'connect') port.connect();
                else {
                  stored.push(asyncScheduler.now(), asyncScheduler.now());
                  subscriptions.push(storing(outbox, ['a:1', 'b:2']));
                }
              });
            }
            atTime(at + 1, () => port.connect());
            return subscriptions;
          }, 400_000);
          expect(untrue).toEqual([]);
          expect(accepted.size).toBe(stored.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is left out otherwise', () => {
    expect(envelope(request)('1').payload).not.toContain('oldest');
  });
});
