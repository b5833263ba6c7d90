import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, serverBusy, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SIZE = 128;
const RECEIVED = 'processor time of a message received';
const perSecond = ({ perSecond }: { readonly perSecond: number }): number => perSecond;
const cpu = ({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number => cpuMicroseconds;

export const subscribing = (scale: Scale): Experiment =>
  experiment(
    'subscribe',
    scale,
  )({
    name: 'subscribe',
    held: ['sdk', 'socket', 'crt', 'bare', 'sdkJson', 'json'],
    cases: ({ messages, nativeMessages }) => {
      const one = { size: SIZE, subscriptions: 1, decode: false };
      const light = { ...one, warmUp: messages / 4, messages };
      const native = { ...one, warmUp: nativeMessages / 4, messages: nativeMessages };
      return {
        sdk: { ...native, client: 'sdk' },
        socket: { ...light, client: 'socket' },
        crt: { ...native, client: 'crt' },
        bare: { ...light, client: 'bare' },
        sdkJson: { ...native, client: 'sdk', decode: true },
        json: { ...light, client: 'socket', decode: true },
      };
    },
    rows: ({ sdk, socket, crt, bare, sdkJson, json }): readonly Row[] => {
      const what = `messages/s, one subscription, ${SIZE} B, to \`Right(MqttMessage)\``;
      const toSdk = ratio(socket, perSecond, sdk, perSecond);
      const toBare = ratio(socket, perSecond, bare, perSecond);
      const jsonToSdk = ratio(json, perSecond, sdkJson, perSecond);
      const crtToSdk = ratio(crt, perSecond, sdk, perSecond);
      return [
        {
          what,
          atLeast: '4 × SDK',
          measured: times(toSdk),
          met: toSdk >= 4,
          held: [{ what: `${RECEIVED}, to the SDK's`, ratio: leastRatio(socket, cpu, sdk, cpu) }],
        },
        {
          what,
          atLeast: '0.8 × a bare read-and-decode loop',
          measured: times(toBare),
          met: toBare >= 0.8,
          held: [{ what: `${RECEIVED}, to a bare loop's`, ratio: leastRatio(socket, cpu, bare, cpu) }],
        },
        {
          what: 'the same with `codec: json(…)`; the same codec after the SDK',
          atLeast: '4 × SDK',
          measured: times(jsonToSdk),
          met: jsonToSdk >= 4,
          held: [{ what: `${RECEIVED} with \`codec: json(…)\`, to the SDK's`, ratio: leastRatio(json, cpu, sdkJson, cpu) }],
        },
        {
          what: '`crt` transport, messages/s',
          atLeast: '1 × SDK',
          measured: times(crtToSdk),
          met: crtToSdk >= 1,
          held: [{ what: `${RECEIVED}, \`crt\` transport, to the SDK's`, ratio: leastRatio(crt, cpu, sdk, cpu) }],
        },
      ];
    },
    figures: ({ sdk, socket, crt, bare, sdkJson, json }) => {
      const figure = (who: string, samples: typeof sdk): Figure => ({
        what: 'messages received',
        who,
        figure: `${whole(middle(samples, perSecond))}/s`,
        cpuMicroseconds: middle(samples, sample => sample.cpuMicroseconds),
        megabytes: middle(samples, sample => sample.rssMegabytes),
        serverBusy: serverBusy(samples),
      });
      return [
        figure('official SDK', sdk),
        figure('official SDK, json codec', sdkJson),
        figure('`crt`', crt),
        figure('`socket`', socket),
        figure('`socket`, json codec', json),
        figure('bare loop', bare),
      ];
    },
  });
