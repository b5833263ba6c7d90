import { experiment, type Experiment, type Figure, middle, milliseconds, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SIZE = 1024;
/** A flood that leaves the client some time. */
const STEADY = 30_000;

type Way = 'received' | 'published';

export const floodLatency = (scale: Scale): Experiment =>
  experiment(
    'floodLatency',
    scale,
  )({
    name: 'latency in a flood',
    once: ['crt'],
    cases: ({ flood, idle }) => {
      const each = { size: SIZE, idle };
      return {
        full: { ...each, transport: 'socket', messages: flood, perSecond: 0 },
        steady: { ...each, transport: 'socket', messages: flood / 5, perSecond: STEADY },
        // More would be read ahead so far that publishes time out.
        crt: { ...each, transport: 'crt', messages: flood / 20, perSecond: 0 },
      };
    },
    rows: ({ full, steady }): readonly Row[] => {
      const row = (samples: typeof full, way: Way, speed: string, part: 'p50' | 'p99' = 'p99'): Row => {
        const toIdle = ratio(
          samples,
          ({ flooded }) => flooded[way][part],
          samples,
          ({ idle }) => idle[way][part],
        );
        const what = way === 'received' ? "another subscription's messages" : 'publishes';
        return {
          what: `${what} during a flood ${speed}, ${part} to that of idle`,
          atLeast: 'at most 2 ×',
          measured: times(toIdle),
          met: toIdle <= 2,
        };
      };
      const steadily = `of ${whole(STEADY)}/s`;
      const fully = 'as fast as the client reads';
      return [
        row(steady, 'received', steadily, 'p50'),
        row(steady, 'published', steadily, 'p50'),
        row(steady, 'received', steadily),
        row(steady, 'published', steadily),
        row(full, 'received', fully),
        row(full, 'published', fully),
      ];
    },
    figures: ({ full, steady, crt }) => {
      const figures = (who: string, samples: typeof full): readonly Figure[] =>
        (['idle', 'flooded'] as const).flatMap(when =>
          (['received', 'published'] as const).map(way => ({
            what: `${way === 'received' ? "another subscription's messages" : 'publishes'}, p50 / p99, ${
              when === 'idle' ? 'idle' : `flood of ${whole(middle(samples, sample => sample.floodPerSecond))}/s`
            }`,
            who,
            figure: [0.5, 0.99]
              .map(part => milliseconds(middle(samples, sample => (part === 0.5 ? sample[when][way].p50 : sample[when][way].p99))))
              .join(' / '),
          })),
        );
      return [...figures('`socket`', steady), ...figures('`socket`, full speed', full), ...figures('`crt`, full speed', crt)];
    },
  });

/** What is left to gain of it: the same for a program that does nothing but read and decode. */
export const bareFloodLatency = (scale: Scale): Experiment =>
  experiment(
    'bareFloodLatency',
    scale,
  )({
    name: 'latency in a flood, bare',
    cases: ({ flood, idle }) => ({ steady: { size: SIZE, idle, messages: flood / 5, perSecond: STEADY } }),
    rows: () => [],
    figures: ({ steady }) => {
      const toIdle = ratio(
        steady,
        ({ flooded }) => flooded.p99,
        steady,
        ({ idle }) => idle.p99,
      );
      const figure = [middle(steady, ({ flooded }) => flooded.p50), middle(steady, ({ flooded }) => flooded.p99)]
        .map(milliseconds)
        .join(' / ');
      return [
        {
          what: `another subscription's messages, p50 / p99, flood of ${whole(STEADY)}/s; p99 to that of idle`,
          who: 'bare loop',
          figure: `${figure}; ${times(toIdle)}`,
        },
      ];
    },
  });
