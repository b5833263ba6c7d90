import { concat, concatMap, type Observable, range, type SchedulerLike, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.js';
import { publishTo } from '../../src/flow/index.js';
import type { MqttProxy, Profile } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { schedulerClock } from '../../src/schedule/clock.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { quietSockets } from '../kit/nucleus/quiet-sockets.js';
import { VirtualTime as TimeBesideSockets } from '../kit/time/virtual-time.js';

const publishing = (proxy: MqttProxy, count: number, time: SchedulerLike, values: Observable<number> = range(0, count)) =>
  values.pipe(
    publishTo(proxy, n => ({ topicName: 'test/meter', payload: `${n}`, qos: QOS.AT_LEAST_ONCE }), {
      buffer: { messages: count },
      random: () => 0.5,
      scheduler: time,
    }),
  );

interface Given {
  readonly count: number;
  readonly pubacksPerSecond: number;
  readonly profile?: Profile;
  /** The values that are published. Default: `count` at once. */
  readonly values?: (time: VirtualTime) => Observable<number>;
  /** What happens at which millisecond. */
  readonly events?: (nucleus: MemoryNucleus, at: (milliseconds: number, what: () => void) => void) => void;
}

/** What became of publishes through a nucleus in memory whose broker acknowledges so many a second. */
const virtually = ({ count, pubacksPerSecond, profile = 'lite', values, events }: Given) => {
  const time = new VirtualTime();
  const taken: { readonly at: number; readonly attempts: number }[] = [];
  time.run(({ flush }) => {
    const nucleus = new MemoryNucleus({ scheduler: time, profile, latency: { publish: 1 }, limits: { pubacksPerSecond } });
    const proxy = nucleus.connect();
    publishing(proxy, count, time, values?.(time)).subscribe({
      next: outcome => {
        if (outcome._tag === 'Right') taken.push({ at: time.now(), attempts: outcome.right.attempts });
      },
      complete: () => void proxy.close(),
    });
    events?.(nucleus, (milliseconds, what) => void time.schedule(what, milliseconds));
    time.maxFrames = 1_000_000;
    flush();
  });
  const tries = taken.reduce((sum, { attempts }) => sum + attempts, 0);
  const milliseconds = taken.at(-1)?.at ?? 0;
  return {
    accepted: taken.length,
    refused: (tries - taken.length) / tries,
    perSecond: (taken.length / milliseconds) * 1_000,
    /** How many tries were refused in these milliseconds, by when their publish was accepted. */
    refusedBetween: (from: number, to: number) =>
      taken.filter(({ at }) => at >= from && at < to).reduce((sum, { attempts }) => sum + attempts - 1, 0),
    /** How many were accepted in these milliseconds. */
    between: (from: number, to: number) => taken.filter(({ at }) => at >= from && at < to).length,
  };
};

describe('the pace of publishes to Greengrass Lite', () => {
  it.each([50, 130, 500])('is what a broker takes that acknowledges %d a second, of which less than two in a hundred are refused', rate => {
    const { accepted, refused, perSecond, between } = virtually({ count: rate * 40, pubacksPerSecond: rate });
    expect(accepted).toBe(rate * 40);
    expect(refused).toBeLessThan(0.02);
    expect(perSecond).toBeGreaterThan(rate * 0.9);
    // From a while after the start on: all that the broker takes.
    expect(between(20_000, 30_000)).toBeGreaterThan(rate * 10 * 0.98);
  });

  it.each([10, 20])(
    'is found in seconds where the broker acknowledges no more than %d a second, and tried out no more often than it must',
    rate => {
      const { accepted, refused, perSecond, refusedBetween } = virtually({ count: rate * 40, pubacksPerSecond: rate });
      expect(accepted).toBe(rate * 40);
      expect(perSecond).toBeGreaterThan(rate * 0.98);
      expect(refusedBetween(0, 5_000)).toBeLessThan(8);
      expect(refused).toBeLessThan(rate === 10 ? 0.03 : 0.02);
    },
  );

  it('is found on real sockets, too', async () => {
    const time = new TimeBesideSockets();
    await using nucleus = await start('lite', { limits: { pubacksPerSecond: 130 }, clock: schedulerClock(time) });
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), scheduler: time });
    const count = 500;
    const attempts: number[] = [];
    publishing(proxy, count, time).subscribe(outcome => attempts.push(outcome._tag === 'Right' ? outcome.right.attempts : Infinity));
    while (attempts.length < count) {
      await quietSockets();
      time.advanceToNextTimer();
    }
    // The first find out how many are too many. Without, a third was refused.
    const later = attempts.slice(200);
    expect(later.reduce((sum, tries) => sum + tries - 1, 0) / later.length).toBeLessThan(0.1);
  });

  it('holds nothing up where nothing is refused, or where the nucleus is a classic one', () => {
    for (const profile of ['lite', 'classic'] as const)
      expect(virtually({ count: 1_000, pubacksPerSecond: Infinity, profile }).perSecond).toBeGreaterThan(5_000);
  });

  it('goes on after an outage as before it', () => {
    const { between } = virtually({
      count: 8_000,
      pubacksPerSecond: 130,
      events: (nucleus, at) => {
        at(15_000, () => nucleus.inflict('broker down'));
        at(25_000, () => nucleus.inflict('broker up'));
      },
    });
    expect(between(17_000, 25_000)).toBe(0);
    expect(between(28_000, 38_000)).toBeGreaterThan(1_200);
  });

  it.each([600, 1_500])('is not slower because there was nothing to publish for %d ms soon after the first refusal', pause => {
    const { accepted, refusedBetween, between } = virtually({
      count: 120,
      pubacksPerSecond: 100,
      values: time => concat(range(0, 20), timer(pause, time).pipe(concatMap(() => range(0, 100)))),
    });
    expect(accepted).toBe(120);
    expect(refusedBetween(0, pause)).toBeGreaterThan(0);
    expect(between(pause, pause + 1_450)).toBe(100);
  });

  it('grows when the nucleus takes more', () => {
    const { between } = virtually({
      count: 6_000,
      pubacksPerSecond: 130,
      events: (nucleus, at) => {
        // As a broker that is slow for a while.
        for (let ms = 5_000; ms < 10_000; ms += 100) {
          at(ms, () => nucleus.inflict('withhold pubacks'));
          at(ms + 80, () => nucleus.inflict('release pubacks'));
        }
      },
    });
    expect(between(30_000, 40_000)).toBeGreaterThan(1_250);
  });
});
