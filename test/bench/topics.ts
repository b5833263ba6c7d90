/**
 * What the benchmark's server does is asked for by the topic, so that every client asks for it in the one way it has.
 */

/** A subscription that is flooded. */
export interface Flood {
  readonly messages: number;
  /** Bytes of one payload. */
  readonly size: number;
  /** Subscriptions of this topic that share the messages in turn. The flood begins when all of them are there. */
  readonly streams: number;
  /** `0`: as fast as the client reads. */
  readonly perSecond: number;
  /** On local topics: as a JSON message, and not as bytes. */
  readonly json?: boolean | undefined;
}

const FLOOD = 'bench/flood';
const PROBE = 'bench/probe';

/** What the local nucleus floods. */
export const FLOOD_TOPIC = 'bench/nucleus';
/** Publishes to it are accepted as fast as they come. */
export const OUT = 'bench/out';
/** Publishes to it are lines of a file: the server takes {@link LINES_AT_ONCE} at a time and refuses any more. */
export const LINES = 'bench/lines';
export const LINES_AT_ONCE = 50;

export const floodTopic = ({ messages, size, streams, perSecond, json = false }: Flood): string =>
  [FLOOD, messages, size, streams, perSecond, Number(json)].join('/');

/** A subscription that gets a message every so many milliseconds, whose payload is the server's clock. */
export const probeTopic = (milliseconds: number): string => `${PROBE}/${milliseconds}`;

const numbersAfter = (prefix: string, topicName: string): readonly number[] | undefined =>
  topicName.startsWith(`${prefix}/`)
    ? topicName
        .slice(prefix.length + 1)
        .split('/')
        .map(Number)
    : undefined;

export function floodOf(topicName: string): Flood | undefined {
  const numbers = numbersAfter(FLOOD, topicName);
  if (numbers === undefined) return undefined;
  const [messages = 0, size = 0, streams = 1, perSecond = 0, json = 0] = numbers;
  return { messages, size, streams, perSecond, json: json === 1 };
}

export const probeIntervalOf = (topicName: string): number | undefined => numbersAfter(PROBE, topicName)?.[0];
