import { experiment, type Experiment, type Figure, middle, milliseconds, ratio, type Row, times, whole } from './experiment.js';
import type { FloodLatencies, Latencies } from '../measures/flood-latency.js';
import { BESIDE_A_FLOOD } from './not-held.js';
import type { Scale } from './scale.js';

const SIZE = 1024;
/** A flood that leaves the client some time. */
const STEADY = 30_000;

type Way = 'received' | 'published';
type Part = 'p50' | 'p99';
const WHAT: Readonly<Record<Way, string>> = { received: "another subscription's messages", published: 'publishes' };

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
      const row = (samples: typeof full, way: Way, speed: string, part: Part = 'p99'): Row => {
        const toIdle = ratio(
          samples,
          ({ flooded }) => flooded[way][part],
          samples,
          ({ idle }) => idle[way][part],
        );
        return {
          what: `${WHAT[way]} during a flood ${speed}, ${part} to that of idle`,
          atLeast: 'at most 2 ×',
          measured: times(toIdle),
          met: toIdle <= 2,
          held: BESIDE_A_FLOOD,
        };
      };
      const toFloor = (way: Way, part: Part): Row => {
        const measured = ratio(
          steady,
          ({ flooded }) => flooded[way][part],
          steady,
          ({ flooded }) => flooded.bare[way][part],
        );
        return {
          what: `${WHAT[way]} during a flood ${steadily}, ${part} to that of a bare socket beside it, in the same process`,
          atLeast: 'at most 1.5 ×',
          measured: times(measured),
          met: measured <= 1.5,
          held: BESIDE_A_FLOOD,
        };
      };
      const steadily = `of ${whole(STEADY)}/s`;
      const fully = 'as fast as the client reads';
      return [
        row(steady, 'received', steadily, 'p50'),
        row(steady, 'published', steadily, 'p50'),
        row(steady, 'received', steadily),
        row(steady, 'published', steadily),
        ...(['p50', 'p99'] as const).flatMap(part => [toFloor('received', part), toFloor('published', part)]),
        row(full, 'received', fully),
        row(full, 'published', fully),
      ];
    },
    figures: ({ full, steady, crt }) => {
      const figures = (who: string, samples: typeof full, of: (at: FloodLatencies) => Latencies = at => at): readonly Figure[] =>
        (['idle', 'flooded'] as const).flatMap(when =>
          (['received', 'published'] as const).map(way => ({
            what: `${WHAT[way]}, p50 / p99, ${
              when === 'idle' ? 'idle' : `flood of ${whole(middle(samples, sample => sample.floodPerSecond))}/s`
            }`,
            who,
            figure: (['p50', 'p99'] as const).map(part => milliseconds(middle(samples, sample => of(sample[when])[way][part]))).join(' / '),
          })),
        );
      return [
        ...figures('`socket`', steady),
        ...figures('a bare socket beside it', steady, ({ bare }) => bare),
        ...figures('`socket`, full speed', full),
        ...figures('`crt`, full speed', crt),
      ];
    },
  });
