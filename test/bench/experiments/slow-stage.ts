import { experiment, type Experiment, type Figure, megabytes, middle, type Row, serverBusy, times, whole } from './experiment.js';
import { FIRST_READING, type Scale } from './scale.js';

const SIZE = 1024;
const MAX_GROWTH = 64;
const MAX_INSIDE = 1_001;

export const slowStage = (scale: Scale): Experiment =>
  experiment(
    'slowStage',
    scale,
  )({
    name: 'slow stage',
    held: ['socket'],
    once: ['crt', 'socketLite', 'crtLite'],
    cases: ({ flood, nativeFlood }) => {
      const each = { messages: flood, size: SIZE, firstReading: FIRST_READING };
      const native = { ...each, messages: nativeFlood };
      return {
        socket: { ...each, transport: 'socket', profile: 'classic' },
        crt: { ...native, transport: 'crt', profile: 'classic' },
        socketLite: { ...each, transport: 'socket', profile: 'lite' },
        crtLite: { ...native, transport: 'crt', profile: 'lite' },
      };
    },
    rows: ({ socket }, { flood }): readonly Row[] => {
      const atFirst = middle(socket, sample => sample.growthAtFirst);
      const atEnd = middle(socket, sample => sample.growthAtEnd);
      const peak = middle(socket, sample => sample.growthPeak);
      const memoryAtEnd = (sample: (typeof socket)[number]): number =>
        (sample.idleMegabytes + sample.growthAtEnd) / (sample.idleMegabytes + sample.growthAtFirst);
      const growth = middle(socket, memoryAtEnd);
      const least = Math.min(...socket.map(memoryAtEnd));
      const inside = Math.max(...socket.map(sample => sample.peakInside));
      const tooSlow = middle(socket, sample => sample.timesTooSlow);
      const counted = socket.every(sample => sample.allAccountedFor);
      const what = `${whole(flood)} × 1 KiB against a stage ${whole(tooSlow)} times too slow`;
      return [
        {
          what: `${what}: memory over idle at ${whole(FIRST_READING)}, at the end and at the peak`,
          atLeast: `at most ${MAX_GROWTH} MB; the stage at least 100 times too slow`,
          measured: `${megabytes(atFirst)}, ${megabytes(atEnd)}, ${megabytes(peak)}`,
          met: Math.max(atFirst, atEnd, peak) <= MAX_GROWTH && tooSlow >= 100,
        },
        {
          what: `${what}: memory at the end to that at ${whole(FIRST_READING)}`,
          atLeast: 'at most 1.2 ×',
          measured: times(growth),
          met: growth <= 1.2,
          held: [{ what: `a flood against a stage too slow: memory at the end to that at ${whole(FIRST_READING)}`, ratio: least }],
        },
        {
          what: `${what}: most values inside, every message accounted for`,
          atLeast: `at most ${MAX_INSIDE} (1 000 waiting, 1 under way); all`,
          measured: `${inside}; ${counted ? 'all' : 'NOT all'}`,
          met: inside <= MAX_INSIDE && counted,
        },
      ];
    },
    figures: ({ socket, crt, socketLite, crtLite }) => {
      const figure = (who: string, samples: typeof socket): Figure => ({
        what: 'a stage far too slow: speed of the flood, memory growth at the peak, values in the stage',
        who,
        figure: `${whole(middle(samples, sample => sample.perSecond))}/s, ${megabytes(middle(samples, sample => sample.growthPeak))}, at most ${Math.max(...samples.map(sample => sample.peakInside))} inside`,
        megabytes: middle(samples, sample => sample.idleMegabytes + sample.growthPeak),
        serverBusy: serverBusy(samples),
      });
      return [
        figure('`socket`, classic', socket),
        figure('`socket`, lite', socketLite),
        figure('`crt`, classic (reads ahead without limit)', crt),
        figure('`crt`, lite (reads ahead without limit)', crtLite),
      ];
    },
  });
