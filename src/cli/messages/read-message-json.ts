import * as t from 'io-ts';
import type { PublishRequest } from '../../ports/mqtt-message.js';
import { QOS } from '../../shared/qos.js';

interface Line {
  readonly topicName?: string | undefined;
  readonly payload?: unknown;
  readonly encoding?: 'json' | 'utf8' | 'base64' | undefined;
  readonly qos?: QOS | 0 | 1 | undefined;
  readonly retain?: boolean | undefined;
  readonly userProperties?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly correlationData?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly payloadFormat?: '0' | '1' | undefined;
  readonly contentType?: string | undefined;
}

const Line: t.Decoder<unknown, Line> = t.partial({
  topicName: t.string,
  payload: t.unknown,
  encoding: t.keyof({ json: null, utf8: null, base64: null }),
  qos: t.union([t.literal('0'), t.literal('1'), t.literal(0), t.literal(1)]),
  retain: t.boolean,
  userProperties: t.readonlyArray(t.type({ key: t.string, value: t.string })),
  messageExpiryIntervalSeconds: t.number,
  correlationData: t.string,
  responseTopic: t.string,
  payloadFormat: t.keyof({ '0': null, '1': null }),
  contentType: t.string,
});

/** What a line of NDJSON leaves to the command line. */
interface LineDefaults {
  readonly topicName: string | undefined;
  readonly qos: QOS;
}

/**
 * A line that `sub --json` has printed, or one written by hand: only `payload` must be there, and `topicName` unless there is a default.
 * Without `encoding` a payload that is a text is that text, and anything else its JSON. Gives a sentence where it cannot be read.
 */
export function readMessageJson(text: string, defaults: LineDefaults): PublishRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const decoded = Line.decode(value);
  if (decoded._tag === 'Left' || typeof value !== 'object' || Array.isArray(value)) return problemOf(decoded);
  const { topicName = defaults.topicName, payload, encoding, qos = defaults.qos, correlationData, ...members } = decoded.right;
  if (topicName === undefined) return 'it names no topicName, and neither does the command line';
  const bytes = payloadOf(text, payload, encoding);
  if (typeof bytes === 'string') return bytes;
  return {
    ...knownMembers(members),
    topicName,
    payload: bytes,
    qos: String(qos) === '0' ? QOS.AT_MOST_ONCE : QOS.AT_LEAST_ONCE,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData, 'base64') }),
  };
}

function payloadOf(line: string, payload: unknown, encoding: Line['encoding']): Uint8Array | string {
  if (payload === undefined) return 'it has no payload';
  if (encoding === 'base64' || encoding === 'utf8') {
    if (typeof payload !== 'string') return `its payload is no text, as ${encoding} has to be`;
    return Buffer.from(payload, encoding);
  }
  if (encoding === undefined && typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(rawPayload(line) ?? JSON.stringify(payload));
}

/** The payload's JSON as `sub --json` printed it, so that numbers keep all their digits; it stands behind its encoding. */
function rawPayload(line: string): string | undefined {
  const mark = '"encoding":"json","payload":';
  const from = line.indexOf(mark);
  if (from < 0) return undefined;
  const rest = line.slice(from + mark.length);
  // The members behind it are few and short: the longest text that is JSON is the payload.
  for (let end = rest.lastIndexOf('}'); end > 0; end = Math.max(rest.lastIndexOf(',', end - 1), rest.lastIndexOf('}', end - 1))) {
    const candidate = rest.slice(0, end);
    try {
      JSON.parse(candidate);
      return candidate;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

type Members = Omit<Line, 'topicName' | 'payload' | 'encoding' | 'qos' | 'correlationData'>;

/** Without what else stands in the line, such as the time. */
function knownMembers(line: Members): Members {
  const { retain, userProperties, messageExpiryIntervalSeconds, responseTopic, payloadFormat, contentType } = line;
  return { retain, userProperties, messageExpiryIntervalSeconds, responseTopic, payloadFormat, contentType };
}

function problemOf(decoded: t.Validation<Line>): string {
  const [first] = decoded._tag === 'Left' ? decoded.left : [];
  const path = first?.context
    .map(({ key }) => key)
    .filter(Boolean)
    .join('.');
  return path === undefined || path === '' ? 'it is no JSON object' : `its ${path} is not what it should be`;
}
