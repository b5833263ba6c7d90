import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, serverBusy, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SIZE = 128;
const IN_FLIGHT = 64;
const PUBLISHED = 'processor time of a publish';
const perSecond = ({ perSecond }: { readonly perSecond: number }): number => perSecond;
const cpu = ({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number => cpuMicroseconds;

export const publishing = (scale: Scale): Experiment =>
  experiment(
    'publish',
    scale,
  )({
    name: 'publish',
    held: ['sdk', 'socket', 'crt'],
    cases: ({ messages, nativeMessages }) => {
      const each = { size: SIZE, inFlight: IN_FLIGHT };
      const light = { ...each, warmUp: messages / 10, messages: messages / 2 };
      const native = { ...each, warmUp: nativeMessages / 10, messages: nativeMessages / 2 };
      return {
        sdk: { ...native, client: 'sdk' },
        socket: { ...light, client: 'socket' },
        crt: { ...native, client: 'crt' },
        bare: { ...light, client: 'bare' },
      };
    },
    rows: ({ sdk, socket, crt }): readonly Row[] => {
      const toSdk = ratio(socket, perSecond, sdk, perSecond);
      const crtToSdk = ratio(crt, perSecond, sdk, perSecond);
      const what = `acknowledged publishes/s, ${IN_FLIGHT} in flight, \`publishTo\``;
      return [
        {
          what,
          atLeast: '4 × SDK',
          measured: times(toSdk),
          met: toSdk >= 4,
          held: [{ what: `${PUBLISHED}, to the SDK's`, ratio: leastRatio(socket, cpu, sdk, cpu) }],
        },
        {
          what: '`crt` transport, publishes/s',
          atLeast: '1 × SDK',
          measured: times(crtToSdk),
          met: crtToSdk >= 1,
          held: [{ what: `${PUBLISHED}, \`crt\` transport, to the SDK's`, ratio: leastRatio(crt, cpu, sdk, cpu) }],
        },
      ];
    },
    figures: ({ sdk, socket, crt, bare }) => {
      const figure = (who: string, samples: typeof sdk): Figure => ({
        what: `publishes acknowledged, ${IN_FLIGHT} in flight`,
        who,
        figure: `${whole(middle(samples, perSecond))}/s`,
        cpuMicroseconds: middle(samples, sample => sample.cpuMicroseconds),
        megabytes: middle(samples, sample => sample.rssMegabytes),
        serverBusy: serverBusy(samples),
      });
      return [figure('official SDK', sdk), figure('`crt`', crt), figure('`socket`', socket), figure('bare loop', bare)];
    },
  });
