import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { asyncScheduler, defer, map, Observable, type OperatorFunction, type SchedulerLike, share, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { toReadable, type ToReadableOptions } from '../flow/to-async-iterable.js';
import { Blob } from '../ipc/wire/shapes.js';
import type { MqttMessage } from '../ports/mqtt-proxy.js';
import { wait } from '../schedule/clock.js';
import { checkPositive, parsedJson } from '../shared/check-argument.js';
import type { ObservableEither } from '../stream/observable-either.js';
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
  const value = parsedJson(line);
  if (value === undefined) throw new SyntaxError(`Line ${number} is not JSON: ${line.slice(0, 100)}`);
  return value;
}

/** How {@link recordTo} records. */
export interface RecordOptions extends Pick<ToReadableOptions<unknown>, 'name' | 'ledger'> {
  /** Lines that may wait for the disk. Default 1 000, and then the oldest are dropped: the recording says how many. */
  readonly buffer?: ToReadableOptions<TimedElement>['buffer'];
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** An element, with the milliseconds since the recording began. */
export interface TimedElement {
  readonly at: number;
  readonly element: Either<RecordedError, MqttMessage>;
}

/**
 * Records a live subscription to a file, or to any stream of bytes, as the lines of `recordLines`. Resolves when the subscription has
 * completed and all is written; rejects when it cannot be written, and then has unsubscribed.
 *
 * Memory: at most the lines of `buffer`. What found that full stands in the recording as a `Left` with the tag `Overflowed`.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { recordTo } from 'greengrass-rx/testing';
 * import { createWriteStream } from 'node:fs';
 * import { devNull } from 'node:os';
 * import { takeUntil, timer } from 'rxjs';
 *
 * const proxy = connect();
 * const messages$ = proxy.subscribe({ topicName: 'sensors/#', qos: QOS.AT_LEAST_ONCE });
 * await recordTo(createWriteStream(devNull), messages$.pipe(takeUntil(timer(50)))); // a file's name, such as 'monday.ndjson'
 * await proxy.close();
 * ```
 */
export async function recordTo(
  destination: Writable,
  source$: Observable<Either<RecordedError, MqttMessage>>,
  { scheduler = asyncScheduler, name = 'recordTo', ...options }: RecordOptions = {},
): Promise<void> {
  const began = scheduler.now();
  const elapsed = (): number => scheduler.now() - began;
  const timed$ = defer(() => source$.pipe(map((element): TimedElement => ({ at: elapsed(), element }))));
  await pipeline(
    toReadable(timed$, { name, ...options }),
    async function* (elements: AsyncIterable<Either<Overflowed, TimedElement>>) {
      for await (const one of elements) {
        const { at, element } = isRight(one) ? one.right : { at: elapsed(), element: left(one.left) };
        yield `${JSON.stringify(lineOf(at, element))}\n`;
      }
    },
    destination,
  );
}

/** How {@link replay} replays. */
export interface ReplayOptions {
  /** How many times as fast as it was recorded. Default 1. */
  readonly speed?: number | undefined;
  /** Default `asyncScheduler`: real time, and inside `marbles()` virtual time. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * A recording as the stream it was. Hot: it begins with the first subscriber, those who come later share it from there on; it completes
 * after the last entry. A recorded `Left` comes as a `Left` with its tag, kind and text.
 *
 * One timer at a time, whatever the recording's length.
 *
 * @throws RangeError for a speed that is not above 0.
 *
 * @example
 * ```ts
 * import { parseRecording, replay } from 'greengrass-rx/testing';
 *
 * const recording = parseRecording('{"at":0,"topicName":"a","payload":"1"}\n{"at":60000,"topicName":"a","payload":"2"}\n');
 * replay(recording, { speed: 10_000 }).subscribe(console.log); // two messages, six milliseconds apart
 * ```
 */
export function replay(recording: Recording, options: ReplayOptions = {}): ObservableEither<RecordedError, MqttMessage> {
  const { speed = 1, scheduler = asyncScheduler } = options;
  checkPositive(speed, 'speed');
  const { entries } = recording;
  return new Observable<Either<RecordedError, MqttMessage>>(subscriber => {
    const began = scheduler.now();
    const timers = new Subscription();
    const from = (i: number): void => {
      let next = i;
      for (let entry = entries[next]; entry !== undefined; entry = entries[next]) {
        const milliseconds = entry.at / speed - (scheduler.now() - began);
        if (milliseconds > 0) {
          const at = next;
          const timer = wait(milliseconds, scheduler, () => {
            timers.remove(timer);
            from(at);
          });
          timers.add(timer);
          return;
        }
        if (subscriber.closed) return;
        subscriber.next(elementOf(entry));
        next++;
      }
      subscriber.complete();
    };
    from(0);
    return timers;
  }).pipe(share());
}

function elementOf(entry: RecordedEntry): Either<RecordedError, MqttMessage> {
  return 'message' in entry ? right(entry.message) : left(entry.error);
}
