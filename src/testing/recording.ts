import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { asyncScheduler, map, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { Blob } from '../ipc/wire/shapes.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import { textOf } from './messages.js';

/** What a failure in a recording is known by. */
export interface RecordedError {
  readonly _tag: string;
  readonly kind?: string | undefined;
  readonly message: string;
}

/** One thing that came on a recorded stream. */
export type RecordedEntry =
  /** Milliseconds since the recording began. */
  { readonly at: number; readonly message: MqttMessage } | { readonly at: number; readonly error: RecordedError };

/** What came on a stream, in the order it came. */
export interface Recording {
  readonly entries: readonly RecordedEntry[];
}

const Members = t.partial({
  retain: t.boolean,
  userProperties: t.array(t.type({ key: t.string, value: t.string })),
  messageExpiryIntervalSeconds: t.number,
  correlationData: Blob,
  responseTopic: t.string,
  payloadFormat: t.union([t.literal('0'), t.literal('1')]),
  contentType: t.string,
});
const Line = t.union([
  t.intersection([t.type({ at: t.number, topicName: t.string, payload: t.string }), Members]),
  t.intersection([t.type({ at: t.number, topicName: t.string, payloadBase64: Blob }), Members]),
  t.intersection([t.type({ at: t.number, left: t.string, message: t.string }), t.partial({ kind: t.string })]),
]);

/**
 * Turns a live subscription into lines of NDJSON, one for each message and each `Left`, with the milliseconds since it was subscribed. A
 * payload that is UTF-8 stands as text, another as base64. Holds nothing back and nothing in memory. To a file: {@link recordTo}.
 *
 * @param scheduler - the clock; default `asyncScheduler`, and inside `marbles()` virtual time
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { recordLines } from 'greengrass-rx/testing';
 * import { takeUntil, timer } from 'rxjs';
 *
 * const proxy = connect();
 * const messages$ = proxy.subscribe({ topicName: 'sensors/#', qos: QOS.AT_LEAST_ONCE });
 * messages$.pipe(takeUntil(timer(50)), recordLines()).subscribe({
 *   next: line => process.stdout.write(line), // {"at":12,"topicName":"sensors/1","payload":"21.5"}
 *   complete: () => void proxy.close(),
 * });
 * ```
 */
export function recordLines(scheduler: SchedulerLike = asyncScheduler): OperatorFunction<Either<RecordedError, MqttMessage>, string> {
  return source$ =>
    new Observable<string>(subscriber => {
      const began = scheduler.now();
      return source$.pipe(map(element => `${JSON.stringify(lineOf(scheduler.now() - began, element))}\n`)).subscribe(subscriber);
    });
}

export function lineOf(at: number, element: Either<RecordedError, MqttMessage>): object {
  if (element._tag === 'Left') {
    const { _tag: left, kind, message } = element.left;
    return { at, left, kind, message };
  }
  const { topicName, payload } = element.right;
  const text = textOf(payload);
  return {
    at,
    topicName,
    ...(text === undefined ? { payloadBase64: Blob.encode(payload) } : { payload: text }),
    ...Members.encode(membersOf(element.right)),
  };
}

/** The MQTT 5 members that are there; decoded values and the like are left out. */
function membersOf(message: MqttMessage): t.TypeOf<typeof Members> {
  const there = Object.keys(Members.props).filter(key => (message as unknown as Record<string, unknown>)[key] !== undefined);
  return Object.fromEntries(there.map(key => [key, (message as unknown as Record<string, unknown>)[key]]));
}

/**
 * Reads what {@link recordLines} wrote. A last line that is cut off, as when the power went, is left out.
 *
 * @throws SyntaxError for a line that is none of a recording; the message names it.
 */
export function parseRecording(ndjson: string): Recording {
  const lines = ndjson.split('\n');
  const cut = lines.pop() ?? '';
  if (cut.endsWith('}')) lines.push(cut);
  return { entries: lines.flatMap((line, i) => (line.trim() === '' ? [] : [entryOf(line, i + 1)])) };
}

function entryOf(line: string, number: number): RecordedEntry {
  const decoded = Line.decode(parsed(line, number));
  if (isLeft(decoded)) throw new SyntaxError(`Line ${number} is none of a recording: ${line.slice(0, 100)}`);
  const entry = decoded.right;
  if ('left' in entry) {
    const { at, left: _tag, kind, message } = entry;
    return { at, error: { _tag, kind, message } };
  }
  if ('payloadBase64' in entry) {
    const { at, payloadBase64: payload, ...message } = entry;
    return { at, message: { ...message, payload } };
  }
  const { at, payload, ...message } = entry;
  return { at, message: { ...message, payload: Buffer.from(payload) } };
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SyntaxError(`Line ${number} is not JSON: ${line.slice(0, 100)}`);
  }
}
