import { EMPTY, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/cli.js';
import { connect } from '../../src/client/connect.js';
import { drainOnSignal } from '../../src/client/drain.js';
import { shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { batch, Ledger, publishTo } from '../../src/flow/index.js';
import { count, deadband, dedupe, governRate, hysteresis, rateOfChange, tumbling } from '../../src/operators/index.js';
import { budgeted, capped, exponential, fixed, resetAfter } from '../../src/schedule/index.js';
import { every, waiting } from '../../src/schedule/clock.js';
import { QOS } from '../../src/shared/qos.js';
import { respond } from '../../src/sinks/index.js';
import { connectionLimits } from '../../src/local/server/profile-server.js';
import { forwardFrom, openOutbox } from '../../src/outbox/index.js';
import { MemoryNucleus, parseRecording, replay } from '../../src/testing/index.js';
import { start } from '../kit/nucleus/nuclei.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const proxy = connect({ socketPath: 'never-connected', authToken: 'none' });
const itself = { key: 'single', value: (n: number) => n } as const;
const windows = { size: 1_000, key: 'single', aggregate: count() } as const;
const request = { topicName: 'a', payload: '', qos: QOS.AT_LEAST_ONCE };
const outcome$ = EMPTY;

/** Every option that is a time and that something waits for. */
const OPTIONS: Readonly<Record<string, (time: number) => unknown>> = {
  'connect: connectTimeout': connectTimeout => connect({ connectTimeout }),
  'connect: publishTimeout': publishTimeout => connect({ publishTimeout }),
  'connect: subscribeTimeout': subscribeTimeout => connect({ subscribeTimeout }),
  'connect: refusalPatience': refusalPatience => connect({ refusalPatience }),
  drain: deadline => proxy.drain(deadline),
  drainOnSignal: deadline => {
    drainOnSignal(proxy, { deadline })();
  },
  shareSubscriptions: idle => shareSubscriptions(proxy, { idle }),
  publishTo: timeout => publishTo(proxy, () => request, { timeout }),
  batch: within => of(1).pipe(batch({ within })),
  'ledger.observe': period => new Ledger().observe(period),
  'respond: deadline': deadline => respond(proxy, { handle: () => of(''), deadline }),
  'respond: dedupe.ttl': ttl => respond(proxy, { handle: () => of(''), dedupe: { id: () => 'a', commands: 1, ttl } }),
  'deadband: heartbeat': heartbeat => deadband<number>({ ...itself, absolute: 1, heartbeat }),
  'deadband: ttl': ttl =>
    of(1)
      .pipe(deadband<number>({ ...itself, absolute: 1, ttl }))
      .subscribe(),
  dedupe: ttl =>
    of(1)
      .pipe(dedupe({ key: String, maxKeys: 1, ttl }))
      .subscribe(),
  'hysteresis: raiseAfter': raiseAfter => hysteresis<number>({ ...itself, set: 2, clear: 1, raiseAfter }),
  'hysteresis: clearAfter': clearAfter => hysteresis<number>({ ...itself, set: 2, clear: 1, clearAfter }),
  'rateOfChange: over': over => rateOfChange<number>({ ...itself, over }),
  'rateOfChange: maxAhead': maxAhead => rateOfChange<number>({ ...itself, maxAhead }),
  'governRate: adapt.once': once =>
    of(1)
      .pipe(governRate({ messagesPerSecond: 1, mode: 'shape', adapt: { outcome$, once } }))
      .subscribe()
      .unsubscribe(),
  'tumbling: idleAfter': idleAfter => tumbling<number, number>({ ...windows, time: { timestamp: n => n, idleAfter } }),
  'tumbling: maxAhead': maxAhead => tumbling<number, number>({ ...windows, time: { timestamp: n => n, maxAhead } }),
  'openOutbox: maxAge': maxAge => openOutbox({ path: ':memory:', maxAge }),
  'openOutbox: commit.within': within => openOutbox({ path: ':memory:', commit: { within } }),
  'openOutbox: deleteWhen.after': after => openOutbox({ path: ':memory:', deleteWhen: { after } }),
  'forwardFrom: confirmWithin': confirmWithin => forwardFrom(openOutbox({ path: ':memory:' }), proxy, { confirmWithin }),
  'a nucleus in memory: latency': publish => new MemoryNucleus({ scheduler: new VirtualTime(), latency: { publish } }),
  'a local nucleus: socketTimeout': socketTimeout => connectionLimits('lite', { socketTimeout }),
  'a local nucleus: handshakeTimeout': handshakeTimeout => connectionLimits('classic', { handshakeTimeout }),
  fixed,
  exponential,
  capped,
  budgeted,
  resetAfter,
};

describe.each(Object.entries(OPTIONS))('the time of %s', (_, make) => {
  it.each([Number.NaN, -1, -Infinity])('cannot be %d', time => {
    expect(() => make(time)).toThrow(RangeError);
  });

  it.each([1, 30 * 86_400_000, Infinity])('can be %d', time => {
    expect(() => make(time)).not.toThrow();
  });
});

describe('a local nucleus', () => {
  it('does not start with a time that is none, and leaves nothing behind', async () => {
    await expect(start('lite', { limits: { socketTimeout: Number.NaN } })).rejects.toThrow(
      new RangeError('limits.socketTimeout must be a number of milliseconds above 0, or Infinity, and is NaN.'),
    );
  });

  it('waits for no answers to a deployment for a time that is none', async () => {
    await using nucleus = await start('classic');
    for (const time of ['notifyTimeout', 'validationTimeout']) expect(() => nucleus.rollOut([], { [time]: -1 })).toThrow(RangeError);
  });
});

it('a recording with a silence that no timer can wait is replayed with it', () => {
  const time = new VirtualTime();
  const seen: number[] = [];
  const long = 30 * 86_400_000;
  replay(parseRecording(`{"at":0,"topicName":"a","payload":"1"}\n{"at":${long},"topicName":"a","payload":"2"}\n`), {
    scheduler: time,
  }).subscribe(() => seen.push(time.now()));
  time.advance(long);
  expect(seen).toEqual([0, long]);
});

describe('waiting', () => {
  it.each([
    [30 * 86_400_000, [30 * 86_400_000]],
    [Infinity, []],
  ] as const)('for %d ms is as long as it says, though no timer is', (milliseconds, expected) => {
    const time = new VirtualTime();
    const times: number[] = [];
    waiting(milliseconds, time).subscribe(() => times.push(time.now()));
    time.advance(40 * 86_400_000);
    expect(times).toEqual(expected);
  });

  it.each([
    [30 * 86_400_000, [30 * 86_400_000, 60 * 86_400_000]],
    [Infinity, []],
  ] as const)('again and again, every %d ms', (milliseconds, expected) => {
    const time = new VirtualTime();
    const times: number[] = [];
    const subscription = every(milliseconds, time).subscribe(() => times.push(time.now()));
    time.advance(70 * 86_400_000);
    subscription.unsubscribe();
    expect(times).toEqual(expected);
    expect(time.timers).toBe(0);
  });
});

it('the command line takes a time of more days than a timer can wait', () => {
  expect(parseDuration('720h')).toBe(30 * 86_400_000);
});
