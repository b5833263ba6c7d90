import { asyncScheduler, EMPTY, map, of, range, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Forwarded, forwardFrom, type ForwardFailure, type ForwardOptions, type ForwardPort } from '../../src/outbox/index.js';
import { type Either, left, map as rightOf, right } from 'fp-ts/lib/Either.js';
import { fixed } from '../../src/schedule/index.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import type { Store } from '../../src/outbox/store.js';
import { storeIn } from '../../src/outbox/store-in.js';
import { OutboxUnavailable, UnsupportedOperation } from '../../src/errors/errors.js';
import { QOS } from '../../src/shared/qos.js';
import { atTime, inMemory, inStore, lasting, onSlowDisk, passing, Port, storing, unprovisioned, virtually } from './virtual.js';

const texts = (sent: readonly string[]): string[] => sent.map(line => line.split(' ')[1] ?? '');

const describeOutcome = (outcome: Either<ForwardFailure, Forwarded>): string => {
  if (outcome._tag === 'Right') return `${outcome.right.number} by ${outcome.right.by}${outcome.right.replayed ? ' replayed' : ''}`;
  const { left } = outcome;
  if (left._tag === 'StoredMessagesLost') return `${left.messages} ${left.reason}`;
  if (left._tag === 'SetAside') return `${left.number} set aside`;
  if (left._tag === 'OutboxUnavailable') return `${left.reason} ${left.kind}`;
  return left._tag;
};

const forwarding = (outbox: Outbox, port: Port, options: ForwardOptions = {}, told: string[] = []) =>
  forwardFrom(outbox, port, { messagesPerSecond: 1_000_000, ...options }).subscribe({
    next: outcome => told.push(describeOutcome(outcome)),
    error: (error: unknown) => told.push(String(error)),
    complete: () => told.push('complete'),
  });

describe('forwardFrom', () => {
  it('sends what is stored, while connected as live, and says what became of each', () => {
    const port = new Port();
    const told: string[] = [];
    virtually(() => {
      const outbox = inMemory();
      return [forwarding(outbox, port, {}, told), storing(outbox, ['a:1', 'b:2'])];
    });
    expect(texts(port.sent)).toEqual(['1#1', '2#2']);
    expect(told).toEqual(['1 by spooler', '2 by spooler']);
  });

  it('sends through a port that answers at once, and through one that throws it fails', () => {
    const sent: string[] = [];
    const told: string[] = [];
    const port = new Port();
    virtually(() => {
      const outbox = inMemory();
      const atOnce: ForwardPort = {
        state$: port.state$,
        publish$: ({ payload }) => {
          if (sent.push(Buffer.from(payload).toString()) === 3) throw new Error('a defect');
          return of(right({ by: 'spooler' as const }));
        },
      };
      const forwarded$ = forwardFrom(outbox, atOnce, { messagesPerSecond: 1_000_000 });
      return [
        forwarded$.subscribe({ next: outcome => told.push(describeOutcome(outcome)), error: (error: unknown) => told.push(String(error)) }),
        storing(outbox, ['a:1', 'a:2', 'a:3', 'a:4']),
      ];
    });
    expect(sent).toEqual(['1#1', '2#2', '3#3']);
    expect(told).toEqual(['1 by spooler', '2 by spooler', 'Error: a defect']);
  });

  it('fails through a port that gives no answer, as no port may, and takes one answer from a port that gives two', () => {
    const told: string[] = [];
    const sent: string[] = [];
    const port = new Port();
    const answer$ = of(right({ by: 'spooler' as const }), left(passing));
    virtually(() => {
      const outbox = inMemory();
      const odd: ForwardPort = {
        state$: port.state$,
        publish$: ({ payload }) => (sent.push(Buffer.from(payload).toString()) === 2 ? EMPTY : answer$),
      };
      const forwarded$ = forwardFrom(outbox, odd, { messagesPerSecond: 1_000_000 });
      return [
        forwarded$.subscribe({ next: outcome => told.push(describeOutcome(outcome)), error: (error: unknown) => told.push(String(error)) }),
        storing(outbox, ['a:1', 'a:2']),
      ];
    });
    expect(sent).toEqual(['1#1', '2#2']);
    expect(told).toEqual(['1 by spooler', 'Error: publish$ completed without an answer, against the contract of a publishing port.']);
  });

  it('sends what waited for the connection as replayed, after what is live, which leaves it its share', () => {
    const port = new Port(false);
    virtually(() => {
      const outbox = inMemory();
      const old = Array.from({ length: 6 }, (_, i) => `old${i}:o`);
      const live = Array.from({ length: 12 }, (_, i) => `live${i}:l`);
      const subscriptions = [storing(outbox, old), forwarding(outbox, port, { messagesPerSecond: 10, inFlight: 1, live: { share: 0.75 } })];
      atTime(3_000, () => {
        port.connect();
        subscriptions.push(storing(outbox, live));
      });
      return subscriptions;
    });
    // One of the backlog had its turn before anything live was there; then one in four.
    expect(
      texts(port.sent)
        .map(text => text[0])
        .join(''),
    ).toBe('olllolllolllolllo'.slice(0, 17) + 'o');
    expect(texts(port.sent).filter(text => text.includes('r'))).toHaveLength(6);
  });

  it('keeps the order of each key within what is live and within the backlog', () => {
    const port = new Port(false);
    port.latency = 7;
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [storing(outbox, ['a:a1', 'b:b1', 'a:a2', 'b:b2', 'a:a3']), forwarding(outbox, port)];
      atTime(10, () => port.connect());
      atTime(12, () => subscriptions.push(storing(outbox, ['a:a4', 'b:b3', 'a:a5'])));
      return subscriptions;
    });
    for (const key of ['a', 'b'] as const)
      for (const isReplayed of [true, false]) {
        const numbers = texts(port.sent)
          .filter(text => text.startsWith(key) && text.includes('r') === isReplayed)
          .map(text => Number(text.slice(1, 2)));
        expect(numbers).toEqual([...numbers].sort());
      }
    expect(port.sent).toHaveLength(8);
    expect(port.mostUnderWay).toBeGreaterThan(1);
  });

  it('keeps one order for each key in turn, and still says what is replayed', () => {
    const port = new Port(false);
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [storing(outbox, ['a:1', 'a:2', 'a:3']), forwarding(outbox, port, { live: 'inTurn', messagesPerSecond: 10 })];
      atTime(3_000, () => {
        port.connect();
        subscriptions.push(storing(outbox, ['a:4', 'a:5']));
      });
      return subscriptions;
    });
    expect(texts(port.sent)).toEqual(['1#1r', '2#2r', '3#3r', '4#4', '5#5']);
  });

  it('sends no more a second than it was told, whatever waits', () => {
    const port = new Port();
    virtually(() => {
      const outbox = inMemory();
      const stored$ = range(0, 300).pipe(storeIn(outbox, n => ({ topicName: `t${n}`, payload: `${n}`, qos: QOS.AT_LEAST_ONCE })));
      return [stored$.subscribe(), forwarding(outbox, port, { messagesPerSecond: 50 })];
    });
    const at = port.sent.map(line => Number(line.split(' ')[0]));
    expect(at).toHaveLength(300);
    // In any second: the rate, and the tenth of a second that may be saved up.
    for (const from of at) expect(at.filter(time => time >= from && time < from + 1_000).length).toBeLessThanOrEqual(56);
    expect(at.at(-1)).toBeLessThan(6_100);
  });

  it.each([0, 1, 2, 3, 5, 8])(
    'finds the backlog when the connection is up %i ms after it began, with a disk that takes its time',
    milliseconds => {
      const port = new Port(false);
      virtually(() => {
        const outbox = onSlowDisk(2);
        const subscriptions = [
          storing(
            outbox,
            Array.from({ length: 100 }, (_, n) => `t${n}:x`),
          ),
        ];
        atTime(100, () => {
          subscriptions.push(forwarding(outbox, port));
          atTime(milliseconds, () => port.connect());
        });
        return subscriptions;
      });
      expect(texts(port.sent).filter(text => text.endsWith('r'))).toHaveLength(100);
    },
  );

  it('sends the more urgent first', () => {
    const port = new Port(false);
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [
        storing(outbox, ['a:low', 'b:high', 'c:middle'], {
          priority: text => (text.includes('high') ? 9 : text.includes('middle') ? 5 : 0),
        }),
        forwarding(outbox, port, { inFlight: 1 }),
      ];
      atTime(3_000, () => port.connect());
      return subscriptions;
    });
    expect(texts(port.sent)).toEqual(['high#2r', 'middle#3r', 'low#1r']);
  });

  it('does not send what has expired, says so, and tells the receiver which number', () => {
    const port = new Port(false);
    const told: string[] = [];
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [storing(outbox, ['a:old'], { expires: () => 100 }), storing(outbox, ['a:new'])];
      atTime(200, () => {
        port.connect();
        subscriptions.push(forwarding(outbox, port, {}, told));
      });
      return subscriptions;
    });
    expect(texts(port.sent)).toEqual(['new#2r-1..1']);
    expect(told).toEqual(['1 expired', '2 by spooler replayed']);
  });

  it('sets aside what is refused for good, and goes on', () => {
    const port = new Port();
    const told: string[] = [];
    port.answer = payload => (payload.startsWith('odd') ? lasting : undefined);
    virtually(() => {
      const outbox = inMemory();
      return [storing(outbox, ['a:odd', 'a:even']), forwarding(outbox, port, {}, told)];
    });
    expect(told).toEqual(['1 set aside', '2 by spooler']);
    expect(texts(port.sent)).toEqual(['odd#1', 'even#2']);
  });

  it.each([
    ['has not been provisioned', unprovisioned],
    ['does not know the operation', new UnsupportedOperation('message', 'aws.greengrass#PublishToIoTCore', '')],
  ])('sets nothing aside where the nucleus %s, says so once, and sends it when that is over', (_, refusal) => {
    const port = new Port();
    const told: string[] = [];
    let isRefused = true;
    port.answer = () => (isRefused ? refusal : undefined);
    virtually(() => {
      atTime(50_000, () => {
        isRefused = false;
      });
      const outbox = inMemory();
      return [forwarding(outbox, port, { retry: fixed(1_000) }, told), storing(outbox, ['a:1', 'a:2', 'b:3'])];
    });
    expect(told).toEqual([refusal._tag, '1 by spooler replayed', '3 by spooler replayed', '2 by spooler replayed']);
  });

  it('tries again what may pass, in its order, and says that it was tried before', () => {
    const port = new Port();
    port.answer = (_, nth) => (nth <= 2 ? passing : undefined);
    virtually(() => {
      const outbox = inMemory();
      return [forwarding(outbox, port, { retry: fixed(100), inFlight: 1 }), storing(outbox, ['a:1', 'a:2'])];
    });
    expect(port.sent).toEqual(['0 1#1', '101 1#1rx2', '202 1#1rx3', '203 2#2']);
  });

  it('stops while the device is offline, and takes what was stored meanwhile for the backlog', () => {
    const port = new Port();
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [forwarding(outbox, port), storing(outbox, ['a:1'])];
      atTime(10, () => port.cloud$.next('disconnected'));
      atTime(20, () => subscriptions.push(storing(outbox, ['a:2'])));
      atTime(1_000, () => port.cloud$.next('connected'));
      atTime(1_010, () => subscriptions.push(storing(outbox, ['a:3'])));
      return subscriptions;
    });
    expect(port.sent).toEqual(['0 1#1', '1000 2#2r', '1010 3#3']);
  });

  it('takes for the backlog, too, what a nucleus that says nothing refused for a while', () => {
    const port = new Port();
    port.cloud$.next('unknown');
    let isOffline = true;
    port.answer = () => (isOffline ? passing : undefined);
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [forwarding(outbox, port, { retry: fixed(500), inFlight: 1 }), storing(outbox, ['a:1', 'a:2', 'a:3'])];
      atTime(5_000, () => {
        isOffline = false;
      });
      return subscriptions;
    });
    expect(texts(port.sent).slice(-3)).toEqual([expect.stringContaining('1#1rx'), '2#2r', '3#3r']);
  });

  it('completes when draining begins and what is under way has its answer; the rest is sent by the next', () => {
    const port = new Port();
    port.latency = 100;
    const told: string[] = [];
    virtually(() => {
      const outbox = inMemory();
      const subscriptions = [forwarding(outbox, port, { inFlight: 2 }, told), storing(outbox, ['a:1', 'b:2', 'c:3'])];
      atTime(50, () => port.draining$.next());
      atTime(500, () => {
        told.push('again');
        subscriptions.push(forwarding(outbox, new Port(), {}, told));
      });
      return subscriptions;
    });
    expect(told).toEqual(['1 by spooler', '2 by spooler', 'complete', 'again', '3 by spooler replayed']);
  });

  describe('while another process has the file', () => {
    const busy = (): Outbox => inStore(() => ({ open: () => of(left(new OutboxUnavailable('message', 'file', 'busy'))) }));

    it('completes when draining begins', () => {
      const port = new Port();
      const told: string[] = [];
      virtually(() => {
        atTime(1_500, () => port.draining$.next());
        atTime(1_600, () => told.push('later'));
        return [forwarding(busy(), port, {}, told)];
      });
      expect(told).toEqual(['busy message', 'complete', 'later']);
    });

    it('ends when the outbox is closed', () => {
      const told: string[] = [];
      virtually(() => {
        const outbox = busy();
        atTime(1_500, () => void outbox.close());
        atTime(1_600, () => told.push('later'));
        return [forwarding(outbox, new Port(), {}, told)];
      });
      expect(told).toEqual(['busy message', 'closed terminal', 'complete', 'later']);
    });
  });

  it('hands back what it had when it is unsubscribed, as sent perhaps where it was under way', () => {
    const port = new Port();
    port.latency = 1_000;
    const later = new Port();
    virtually(() => {
      const outbox = inMemory();
      const first = forwarding(outbox, port, { inFlight: 1 });
      const subscriptions = [first, storing(outbox, ['a:1', 'a:2'])];
      atTime(50, () => first.unsubscribe());
      atTime(100, () => subscriptions.push(forwarding(outbox, later)));
      return subscriptions;
    });
    expect(texts(later.sent)).toEqual(['1#1rx2', '2#2r']);
  });

  it('is the only one for its outbox', () => {
    const told: string[] = [];
    virtually(() => {
      const outbox = inMemory();
      return [forwarding(outbox, new Port()), forwarding(outbox, new Port(), {}, told)];
    });
    expect(told).toEqual(['forwarding terminal', 'complete']);
  });

  it('sends again what was taken just before the connection broke, where messages are kept for a while', () => {
    const port = new Port();
    const depths: number[] = [];
    virtually(() => {
      const outbox = inMemory({ deleteWhen: { after: 5_000 } });
      const subscriptions = [forwarding(outbox, port), storing(outbox, ['a:1'])];
      atTime(4_000, () => {
        subscriptions.push(storing(outbox, ['a:2']));
      });
      atTime(6_000, () => outbox.depth$.subscribe(({ messages }) => depths.push(messages)).unsubscribe());
      atTime(7_000, () => port.break());
      atTime(8_000, () => port.connect());
      atTime(20_000, () => outbox.depth$.subscribe(({ messages }) => depths.push(messages)).unsubscribe());
      return subscriptions;
    });
    expect(port.sent).toEqual(['0 1#1', '4000 2#2', '8000 2#2rx2']);
    expect(depths).toEqual([1, 0]);
  });

  describe('with messages that may be what ended the process', () => {
    /** Each is one, and this is done to what the store is told became of them. */
    const suspects = (settle: (store: Store) => Store['settle']): Outbox =>
      inStore(store => ({
        take: (request, now) =>
          store
            .take(request, now)
            .pipe(map(rightOf(taken => ({ ...taken, records: taken.records.map(record => ({ ...record, suspect: true })) })))),
        settle: settle(store),
      }));

    it('sends each alone, having said so, and tells with the next what became of the one before', () => {
      const port = new Port();
      const fates: string[] = [];
      virtually(() => {
        const outbox = suspects(store => (told, now) => {
          fates.push(told.map(({ place, fate }) => `${place} ${fate}`).join(', '));
          return store.settle(told, now);
        });
        return [forwarding(outbox, port), storing(outbox, ['a:1', 'b:2', 'c:3'])];
      });
      expect(fates).toEqual(['1 sending', '1 forwarded, 2 sending', '2 forwarded, 3 sending', '3 forwarded']);
      expect(port.mostUnderWay).toBe(1);
    });

    it('says of one that is refused, while it waits, that it is not being sent', () => {
      const port = new Port();
      port.answer = (_, nth) => (nth <= 2 ? passing : undefined);
      const fates: string[] = [];
      virtually(() => {
        const outbox = suspects(store => (told, now) => {
          fates.push(told.map(({ place, fate }) => `${place} ${fate}`).join(', '));
          return store.settle(told, now);
        });
        return [forwarding(outbox, port, { retry: fixed(1_000) }), storing(outbox, ['a:1', 'b:2'])];
      });
      expect(fates).toEqual(['1 sending', '1 survived', '1 forwarded, 2 sending', '2 forwarded']);
    });

    it('says of one that has no answer for a second that it was survived, and of each at once what became of it', () => {
      const port = new Port();
      port.latency = 4_000;
      const fates: string[] = [];
      virtually(() => {
        const outbox = suspects(store => (told, now) => {
          fates.push(`${asyncScheduler.now()} ${told.map(({ place, fate }) => `${place} ${fate}`).join(', ')}`);
          return store.settle(told, now);
        });
        return [forwarding(outbox, port), storing(outbox, ['a:1'])];
      });
      expect(fates).toEqual(['0 1 sending', '1000 1 survived', '4000 1 forwarded']);
    });

    it('says that one was survived before it is handed back, where who hears of its refusal leaves', () => {
      const port = new Port();
      port.answer = () => unprovisioned;
      const fates: string[] = [];
      virtually(() => {
        const outbox = suspects(store => (told, now) => {
          fates.push(told.map(({ place, fate }) => `${place} ${fate}`).join(', '));
          return store.settle(told, now);
        });
        const told$ = forwardFrom(outbox, port, { messagesPerSecond: 1_000_000 });
        return [told$.pipe(take(1)).subscribe(), storing(outbox, ['a:1'])];
      });
      expect(fates).toEqual(['1 sending', '1 survived', '1 released']);
    });

    it('waits where there is no room to say so, and sends it when there is', () => {
      const port = new Port();
      let tries = 0;
      virtually(() => {
        const outbox = suspects(
          store => (told, now) => (++tries < 3 ? of(left(new OutboxUnavailable('message', 'file', 'disk-full'))) : store.settle(told, now)),
        );
        return [forwarding(outbox, port), storing(outbox, ['a:1', 'b:2'])];
      });
      expect(texts(port.sent)).toEqual(['1#1', '2#2']);
    });
  });
});
