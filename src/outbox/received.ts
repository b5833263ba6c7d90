import {
  asyncScheduler,
  type MonoTypeOperatorFunction,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';
import type { MqttMessage } from '../ports/mqtt-proxy.js';
import { steadyNow, wait } from '../schedule/clock.js';
import { atOnce, checkBound, checkPositiveTime } from '../shared/check-argument.js';
import { workOn } from '../stream/work-on.js';
import { type Mark, markOf } from './mark.js';
import type { LostRange } from './store.js';

/** What the receiver of an outbox' messages is told, besides the messages. */
export interface ReceivedOptions<A> {
  /** The mark of a message. Default: {@link markOf}. What has none passes, and is not looked at. */
  readonly mark?: ((message: A) => Mark | undefined) | undefined;
  /** Streams of outboxes that are remembered, those heard of last. Default 10 000. */
  readonly maxStreams?: number | undefined;
  /** Ranges of numbers that are remembered of a stream. Default 1 000. */
  readonly maxRanges?: number | undefined;
}

/** How {@link missing} looks for what is missing. */
export interface MissingOptions<A> extends ReceivedOptions<A> {
  /**
   * How many milliseconds after a higher number a number may still come; then it is missing. Default one hour: live messages go first, and
   * a backlog takes its time. Make it at least as long as the longest backlog takes.
   */
  readonly within?: number | undefined;
  /** `true`: all numbers from 1 on are expected. Default: those after the first that comes of a stream. */
  readonly fromStart?: boolean | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Messages of a stream that a receiver lacks, from the first number to the last, both included. */
export interface MissingMessages extends LostRange {
  readonly epoch: string;
  readonly stream: string;
  /**
   * The outbox says that they will never come: they gave way, were too old, damaged or set aside. `false`: nobody knows, and they may come
   * yet.
   */
  readonly lost: boolean;
}

/** What is remembered of each stream of an outbox; of too many, the one that was heard of longest ago is forgotten. */
function streamsOf<S>(most: number, begin: (mark: Mark) => S, onForget: (forgotten: S) => void): (mark: Mark) => S {
  const streams = new Map<string, S>();
  return mark => {
    const name = `${mark.epoch} ${mark.stream}`;
    const known = streams.get(name) ?? begin(mark);
    streams.delete(name);
    streams.set(name, known);
    if (streams.size > most)
      for (const [oldest, forgotten] of streams) {
        streams.delete(oldest);
        onForget(forgotten);
        break;
      }
    return known;
  };
}

/** Puts a number into ranges that are in order. `false`: it is there already. */
function insert(ranges: LostRange[], number: number): boolean {
  let at = ranges.length;
  while (at > 0 && (ranges[at - 1]?.first ?? 0) > number) at--;
  const [before, after] = [ranges[at - 1], ranges[at]];
  if (before !== undefined && before.last >= number) return false;
  const first = before?.last === number - 1 ? before.first : number;
  const last = after?.first === number + 1 ? after.last : number;
  const from = first === number ? at : at - 1;
  ranges.splice(from, (first === number ? 0 : 1) + (last === number ? 0 : 1), { first, last });
  return true;
}

/**
 * Passes each message of an outbox once, by its id: epoch, stream and number. A message comes twice if it was sent again after a crash, or
 * because it was not confirmed in time.
 *
 * Emits messages as they are, in order; those without a mark pass. Completes with the source. What `mark` throws goes to the error channel.
 *
 * Memory: `maxStreams` (10 000) streams, and of each `maxRanges` (1 000) ranges of numbers; a stream that lacks nothing is one range. Of
 * more ranges the lowest are forgotten, and their duplicates pass.
 *
 * @example
 * ```ts
 * import { dedupe } from 'greengrass-rx/outbox';
 * import { of } from 'rxjs';
 *
 * const message = (number: number) => ({
 *   topicName: 'meters/7',
 *   payload: Buffer.from(`{"epoch":"3f","stream":"","number":${number},"storedAt":0,"attempt":1,"replayed":false,"lost":[],"payload":0}`),
 * });
 * of(message(1), message(2), message(1)).pipe(dedupe()).subscribe(({ payload }) => console.log(payload.toString())); // numbers 1 and 2
 * ```
 */
export function dedupe<A extends MqttMessage>(options: ReceivedOptions<A> = {}): MonoTypeOperatorFunction<A> {
  const { mark: read = markOf, maxStreams = 10_000, maxRanges = 1_000 } = options;
  checkBound(maxStreams, 'maxStreams');
  checkBound(maxRanges, 'maxRanges');
  return source =>
    new Observable<A>(destination => {
      const streams = streamsOf<LostRange[]>(
        maxStreams,
        () => [],
        () => undefined,
      );
      workOn(source, destination, {
        next: message => {
          const mark = atOnce(read(message), 'mark');
          if (mark !== undefined) {
            const ranges = streams(mark);
            if (!insert(ranges, mark.number)) return;
            if (ranges.length > maxRanges) ranges.shift();
          }
          destination.next(message);
        },
        error: (error: unknown) => destination.error(error),
        complete: () => destination.complete(),
      });
    });
}

interface Gap extends LostRange {
  readonly since: number;
}

/** What is expected of a stream. */
interface Expected {
  next: number;
  gaps: Gap[];
}

/** What of a range is in a gap, and what of the gap is left. */
function cut(gap: Gap, { first, last }: LostRange): { readonly inside: LostRange | undefined; readonly rest: readonly Gap[] } {
  const inside = { first: Math.max(first, gap.first), last: Math.min(last, gap.last) };
  if (inside.first > inside.last) return { inside: undefined, rest: [gap] };
  const rest = [
    { ...gap, last: inside.first - 1 },
    { ...gap, first: inside.last + 1 },
  ];
  return { inside, rest: rest.filter(left => left.first <= left.last) };
}

/**
 * Tells which messages of an outbox a receiver lacks. The numbers of a stream have no gaps, so a number that is left out is a missing
 * message. It is emitted with `lost: true` as soon as the outbox says that the message gave way, was too old, damaged or set aside;
 * otherwise when it has not come `within` an hour of a higher number.
 *
 * Emits ranges, each number once, and not the messages: put it beside what works on them. Completes with the source. What `mark` throws
 * goes to the error channel. A new epoch is a new stream: if an outbox' file is gone, nobody can tell whether its last messages are
 * missing.
 *
 * Memory: `maxStreams` (10 000) streams, of each `maxRanges` (1 000) gaps; of more, the oldest gap, or those of the stream heard of longest
 * ago, are told at once. One timer.
 *
 * @example
 * ```ts
 * import { missing } from 'greengrass-rx/outbox';
 * import { of } from 'rxjs';
 *
 * const message = (number: number, lost = '') => ({
 *   topicName: 'meters/7',
 *   payload: Buffer.from(
 *     `{"epoch":"3f","stream":"","number":${number},"storedAt":0,"attempt":1,"replayed":false,"lost":[${lost}],"payload":0}`,
 *   ),
 * });
 * of(message(1), message(4, '[2,3]')).pipe(missing()).subscribe(({ first, last, lost }) => console.log(first, last, lost)); // 2 3 true
 * ```
 */
export function missing<A extends MqttMessage>(options: MissingOptions<A> = {}): OperatorFunction<A, MissingMessages> {
  const { mark: read = markOf, maxStreams = 10_000, maxRanges = 1_000, within = 3_600_000 } = options;
  const { fromStart = false, scheduler = asyncScheduler } = options;
  checkBound(maxStreams, 'maxStreams');
  checkBound(maxRanges, 'maxRanges');
  checkPositiveTime(within, 'within');
  return source =>
    new Observable<MissingMessages>(destination => {
      const now = steadyNow(scheduler);
      const streams = streamsOf<Expected>(
        maxStreams,
        ({ number }) => ({ next: fromStart ? 1 : number, gaps: [] }),
        forgotten => {
          const id = waiting.get(forgotten);
          waiting.delete(forgotten);
          if (id !== undefined) for (const { first, last } of forgotten.gaps) destination.next({ ...id, first, last, lost: false });
        },
      );
      /** Streams with gaps, and what names them. */
      const waiting = new Map<Expected, Pick<MissingMessages, 'epoch' | 'stream'>>();
      let timer: Subscription | undefined;

      const tellDue = (): void => {
        timer = undefined;
        const at = now();
        let next = Infinity;
        for (const [expected, id] of [...waiting]) {
          const due = expected.gaps.filter(({ since }) => since + within <= at);
          expected.gaps = expected.gaps.filter(({ since }) => since + within > at);
          for (const { first, last } of due) destination.next({ ...id, first, last, lost: false });
          const [oldest] = expected.gaps;
          if (oldest === undefined) waiting.delete(expected);
          else next = Math.min(next, oldest.since + within - at);
        }
        if (next !== Infinity && !destination.closed) timer = wait(next, scheduler, tellDue);
      };

      const take = (mark: Mark): void => {
        const { epoch, stream, number, lost } = mark;
        const id = { epoch, stream };
        const expected = streams(mark);
        if (number >= expected.next) {
          if (number > expected.next) expected.gaps.push({ first: expected.next, last: number - 1, since: now() });
          expected.next = number + 1;
        } else expected.gaps = expected.gaps.flatMap(gap => cut(gap, { first: number, last: number }).rest);
        for (const range of lost) {
          const cuts = expected.gaps.map(gap => cut(gap, range));
          expected.gaps = cuts.flatMap(({ rest }) => rest);
          for (const { inside } of cuts) if (inside !== undefined) destination.next({ ...id, ...inside, lost: true });
        }
        while (expected.gaps.length > maxRanges)
          for (const { first, last } of expected.gaps.splice(0, 1)) destination.next({ ...id, first, last, lost: false });
        if (expected.gaps.length === 0) waiting.delete(expected);
        else waiting.set(expected, id);
        if (waiting.size > 0) timer ??= wait(within, scheduler, tellDue);
      };

      destination.add(() => timer?.unsubscribe());
      workOn(source, destination, {
        next: message => {
          const mark = atOnce(read(message), 'mark');
          if (mark !== undefined) take(mark);
        },
        error: (error: unknown) => destination.error(error),
        complete: () => destination.complete(),
      });
    });
}
