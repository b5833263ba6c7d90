import { experiment, type Experiment, type Figure, type Held, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SIZE = 128;
const perSecond = ({ perSecond }: { readonly perSecond: number }): number => perSecond;
const cpu = ({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number => cpuMicroseconds;
const ofNucleus = ({ nucleusMicroseconds }: { readonly nucleusMicroseconds: number }): number => nucleusMicroseconds;

/**
 * How fast the local nucleus is. The bare loop is limited by nothing but the server, so where it is faster than a client, the server does
 * not limit the client.
 */
export const nucleus = (scale: Scale): Experiment =>
  experiment(
    'nucleus',
    scale,
  )({
    name: 'nucleus',
    // It brings its own server, one for each case.
    alone: true,
    held: ['barePublish', 'sdkPublish', 'bareDeliver', 'sdkDeliver'],
    cases: ({ messages, nativeMessages }) => {
      const publish = {
        size: SIZE,
        warmUp: messages / 10,
        messages: messages / 4,
        profile: 'classic',
        direction: 'publish',
        inFlight: 64,
      } as const;
      const deliver = { ...publish, direction: 'deliver' } as const;
      const native = { warmUp: nativeMessages / 10, messages: nativeMessages / 2 };
      return {
        barePublish: { ...publish, client: 'bare' },
        socketPublish: { ...publish, client: 'socket' },
        sdkPublish: { ...publish, ...native, client: 'sdk' },
        bareDeliver: { ...deliver, client: 'bare' },
        socketDeliver: { ...deliver, client: 'socket' },
        sdkDeliver: { ...deliver, ...native, client: 'sdk' },
        // Lite keeps ten unacknowledged publishes and refuses more.
        litePublish: { ...publish, profile: 'lite', inFlight: 8, client: 'bare' },
        liteDeliver: { ...deliver, profile: 'lite', client: 'bare' },
      };
    },
    rows: ({ barePublish, sdkPublish, bareDeliver, sdkDeliver }): readonly Row[] => {
      const row = (what: string, least: number, who: string, measured: number, held: Held): Row => ({
        what: `the local nucleus itself, with the bare loop as its client: ${what}`,
        atLeast: `${least} × what ${who} does with it`,
        measured: times(measured),
        met: measured >= least,
        held: [held],
      });
      return [
        row('publishes/s', 2, 'the SDK', ratio(barePublish, perSecond, sdkPublish, perSecond), {
          what: "processor time of the local nucleus for a publish, to the SDK's own for one",
          ratio: leastRatio(barePublish, ofNucleus, sdkPublish, cpu),
        }),
        row('messages/s', 2, 'the SDK', ratio(bareDeliver, perSecond, sdkDeliver, perSecond), {
          what: "processor time of the local nucleus for a message, to the SDK's own for one",
          ratio: leastRatio(bareDeliver, ofNucleus, sdkDeliver, cpu),
        }),
      ];
    },
    figures: samples => {
      const figure = (who: string, what: string, of: typeof samples.barePublish): Figure => ({
        what: `on the local nucleus: ${what}; CPU: the nucleus' own`,
        who,
        figure: `${whole(middle(of, perSecond))}/s`,
        cpuMicroseconds: middle(of, sample => sample.nucleusMicroseconds),
      });
      const publishes = 'publishes acknowledged, 64 in flight';
      const messages = 'messages received';
      return [
        figure('bare loop', publishes, samples.barePublish),
        figure('`socket`', publishes, samples.socketPublish),
        figure('official SDK', publishes, samples.sdkPublish),
        figure('bare loop', messages, samples.bareDeliver),
        figure('`socket`', messages, samples.socketDeliver),
        figure('official SDK', messages, samples.sdkDeliver),
        figure('bare loop, lite', 'publishes acknowledged, 8 in flight', samples.litePublish),
        figure('bare loop, lite', messages, samples.liteDeliver),
      ];
    },
  });
