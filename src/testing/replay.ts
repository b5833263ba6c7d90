import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, Observable, share, Subscription, type SchedulerLike } from 'rxjs';
import { wait } from '../schedule/clock.js';
import { checkPositive } from '../shared/check-argument.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { RecordedEntry, RecordedError, Recording } from './recording.js';

/** How {@link replay} replays. */
export interface ReplayOptions {
  /** How many times as fast as it was recorded. Default 1. */
  readonly speed?: number | undefined;
  /** Default `asyncScheduler`: real time, and inside `marbles()` virtual time. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * A recording as the stream it was. Hot: it begins with the first subscriber, those who come later share it from there on; it completes after
 * the last entry. A recorded `Left` comes as a `Left` with its tag, kind and text.
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
