import {
  experiment,
  type Experiment,
  type Figure,
  type Held,
  leastRatio,
  middle,
  milliseconds,
  type NotHeld,
  ratio,
  type Row,
  type Samples,
  serverBusy,
  times,
  whole,
} from './experiment.js';
import { TAIL } from './not-held.js';
import type { Scale } from './scale.js';

/** Local topics are to reach what the MQTT proxy reaches. */
const SIZE = 128;
const IN_FLIGHT = 64;
const LOCAL = { size: SIZE, service: 'local' } as const;
const perSecond = ({ perSecond }: { readonly perSecond: number }): number => perSecond;
const p50 = (sample: { readonly p50: number }): number => sample.p50;
const p99 = (sample: { readonly p99: number }): number => sample.p99;
const cpu = ({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number => cpuMicroseconds;
const RECEIVED = 'local topics: processor time of a message received';
const PUBLISHED = 'local topics: processor time of a publish';

const atLeastTimes = (what: string, least: number, measured: number, ...held: readonly Held[]): Row => ({
  what: `local topics: ${what}`,
  atLeast: `${least} × SDK`,
  measured: times(measured),
  met: measured >= least,
  held,
});

const throughput = (what: string, who: string, samples: Samples<'publish' | 'subscribe'>): Figure => ({
  what: `local topics: ${what}`,
  who,
  figure: `${whole(middle(samples, perSecond))}/s`,
  cpuMicroseconds: middle(samples, sample => sample.cpuMicroseconds),
  megabytes: middle(samples, sample => sample.rssMegabytes),
  serverBusy: serverBusy(samples),
});

/** Who is measured: the SDK, this library and a bare loop, and the first two with JSON messages. */
type Case = 'sdk' | 'socket' | 'bare' | 'sdkJson' | 'json';

const throughputs = (
  what: string,
  { sdk, sdkJson, socket, json, bare }: Readonly<Record<Case, Samples<'publish' | 'subscribe'>>>,
): readonly Figure[] => [
  throughput(what, 'official SDK', sdk),
  throughput(what, 'official SDK, JSON', sdkJson),
  throughput(what, '`socket`', socket),
  throughput(what, '`socket`, JSON', json),
  throughput(what, 'bare loop', bare),
];

export const localSubscribing = (scale: Scale): Experiment =>
  experiment(
    'subscribe',
    scale,
  )({
    name: 'local subscribe',
    held: ['sdk', 'socket', 'sdkJson', 'json'],
    cases: ({ messages, nativeMessages }) => {
      const one = { ...LOCAL, subscriptions: 1, decode: false };
      const light = { ...one, warmUp: messages / 4, messages };
      const native = { ...one, warmUp: nativeMessages / 4, messages: nativeMessages };
      return {
        sdk: { ...native, client: 'sdk' },
        socket: { ...light, client: 'socket' },
        bare: { ...light, client: 'bare' },
        sdkJson: { ...native, client: 'sdk', decode: true },
        json: { ...light, client: 'socket', decode: true },
      };
    },
    rows: ({ sdk, socket, sdkJson, json }): readonly Row[] => [
      atLeastTimes(`messages/s, ${SIZE} B, to \`Right(LocalMessage)\``, 4, ratio(socket, perSecond, sdk, perSecond), {
        what: `${RECEIVED}, to the SDK's`,
        ratio: leastRatio(socket, cpu, sdk, cpu),
      }),
      atLeastTimes('the same as JSON messages, checked by a codec', 4, ratio(json, perSecond, sdkJson, perSecond), {
        what: `${RECEIVED} as JSON, to the SDK's`,
        ratio: leastRatio(json, cpu, sdkJson, cpu),
      }),
    ],
    figures: samples => throughputs('messages received', samples),
  });

export const localPublishing = (scale: Scale): Experiment =>
  experiment(
    'publish',
    scale,
  )({
    name: 'local publish',
    held: ['sdk', 'socket', 'sdkJson', 'json'],
    cases: ({ messages, nativeMessages }) => {
      const each = { ...LOCAL, inFlight: IN_FLIGHT };
      const light = { ...each, warmUp: messages / 10, messages: messages / 2 };
      const native = { ...each, warmUp: nativeMessages / 10, messages: nativeMessages / 2 };
      return {
        sdk: { ...native, client: 'sdk' },
        socket: { ...light, client: 'socket' },
        bare: { ...light, client: 'bare' },
        sdkJson: { ...native, client: 'sdk', json: true },
        json: { ...light, client: 'socket', json: true },
      };
    },
    rows: ({ sdk, socket, sdkJson, json }): readonly Row[] => [
      atLeastTimes(`acknowledged publishes/s, ${IN_FLIGHT} in flight, \`publishTo\``, 5.5, ratio(socket, perSecond, sdk, perSecond), {
        what: `${PUBLISHED}, to the SDK's`,
        ratio: leastRatio(socket, cpu, sdk, cpu),
      }),
      atLeastTimes('the same as JSON messages', 5.5, ratio(json, perSecond, sdkJson, perSecond), {
        what: `${PUBLISHED} as JSON, to the SDK's`,
        ratio: leastRatio(json, cpu, sdkJson, cpu),
      }),
    ],
    figures: samples => throughputs(`publishes acknowledged, ${IN_FLIGHT} in flight`, samples),
  });

export const localRoundTrip = (scale: Scale): Experiment =>
  experiment(
    'roundTrip',
    scale,
  )({
    name: 'local round trip',
    held: ['sdk', 'socket'],
    cases: ({ roundTrips }) => {
      const each = { ...LOCAL, warmUp: roundTrips / 5, messages: roundTrips };
      return { sdk: { ...each, client: 'sdk' }, socket: { ...each, client: 'socket' }, bare: { ...each, client: 'bare' } };
    },
    rows: ({ sdk, socket }): readonly Row[] => {
      const trip = 'local topics: publish round trip, one in flight';
      const row = (what: string, measured: number, held: readonly Held[] | NotHeld): Row => ({
        what: `${trip}, ${what}`,
        atLeast: 'at most 0.7 × SDK',
        measured: times(measured),
        met: measured <= 0.7,
        held,
      });
      const held = [
        { what: `${trip}: processor time, to the SDK's`, ratio: leastRatio(socket, cpu, sdk, cpu) },
        { what: `${trip}: p50, to the SDK's`, ratio: leastRatio(socket, p50, sdk, p50), isWall: true },
      ];
      return [row('p50', ratio(socket, p50, sdk, p50), held), row('p99', ratio(socket, p99, sdk, p99), TAIL)];
    },
    figures: ({ sdk, socket, bare }) => {
      const figure = (who: string, samples: typeof sdk): Figure => ({
        what: 'local topics: publish round trip, p50 / p99',
        who,
        figure: `${milliseconds(middle(samples, p50))} / ${milliseconds(middle(samples, p99))}`,
        serverBusy: serverBusy(samples),
      });
      return [figure('official SDK', sdk), figure('`socket`', socket), figure('bare loop', bare)];
    },
  });
