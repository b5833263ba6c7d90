import { inspect } from 'node:util';
import { BUFFER_BOUNDS, type BufferBound, Failure } from './failure.js';
import { plural } from '../shared/visible.js';

/** A value came when its windows were over, the allowed lateness included. It is in no result. */
export class LateData<A = unknown> extends Failure<'LateData', 'message'> {
  readonly _tag = 'LateData';
  readonly code = 'GGRX_LATE_DATA';
  readonly retryable = false;
  readonly value: A;
  readonly key: string;
  /** The value's time, in milliseconds since 1970. */
  readonly timestamp: number;
  /** How far event time had come, in milliseconds since 1970. */
  readonly watermark: number;

  constructor(value: A, key: string, timestamp: number, watermark: number) {
    super(
      'message',
      `A value of "${key}" came ${watermark - timestamp} ms behind the watermark, when its windows were over, and is in none of them. If values may be so late, allow a larger outOfOrder, which delays all results, or lateness, which corrects them.`,
    );
    this.value = value;
    this.key = key;
    this.timestamp = timestamp;
    this.watermark = watermark;
  }
}

/** A value's timestamp cannot be right. Event time did not move, and the value is in no window. */
export class TimestampRefused<A = unknown> extends Failure<'TimestampRefused', 'message'> {
  readonly _tag = 'TimestampRefused';
  readonly code = 'GGRX_TIMESTAMP_REFUSED';
  readonly retryable = false;
  readonly value: A;
  readonly key: string;
  /** `NaN` where it was no number; the message says what it was. */
  readonly timestamp: number;
  readonly reason: 'not-a-time' | 'ahead';

  constructor(value: A, key: string, timestamp: unknown, reason: 'not-a-time' | 'ahead') {
    super(
      'message',
      reason === 'ahead'
        ? `A value of "${key}" is dated ${String(timestamp)}, which is further ahead of the clock than maxAhead allows. Set the clock of the device that made it, or of this one.`
        : `A value of "${key}" has the timestamp ${inspect(timestamp, { depth: 0, maxStringLength: 40, breakLength: Infinity })}, which is no number of milliseconds since 1970. Check what the timestamp function makes of it: microseconds or nanoseconds have to be divided.`,
    );
    this.value = value;
    this.key = key;
    this.timestamp = typeof timestamp === 'number' ? timestamp : Number.NaN;
    this.reason = reason;
  }
}

/** What a full buffer does with the next value. `enforce`: there is no buffer, and the value came faster than a rate allows. */
export type OverflowPolicy = 'dropOldest' | 'dropNewest' | 'latestPerKey' | 'fail' | 'enforce';

function overflowText(messages: number, policy: OverflowPolicy, bounds: readonly BufferBound[]): string {
  const dropped = `dropped ${plural(messages, 'message')} (${policy}).`;
  if (policy === 'enforce')
    return `More came than the rate allows, which ${dropped} Send less, allow a higher rate or burst, or let messages wait with mode 'shape'.`;
  const full = bounds.length === 0 ? 'full' : `full (${bounds.map(bound => BUFFER_BOUNDS[bound]).join(', ')})`;
  if (bounds.includes('outbox')) return `The outbox was ${full} and ${dropped} Give it a larger maxBytes, or store less.`;
  const larger = bounds.includes('shared') ? 'give it a bound of its own (buffer: { bytes, sizeOf })' : 'give it a larger buffer';
  return `A buffer was ${full} and ${dropped} Let the stage work on more at once, ${larger}, or send it less.`;
}

/** A stage's buffer was full and dropped values. One failure stands for all that were dropped since the last result. */
export class Overflowed<K extends 'gap' | 'terminal' = 'gap' | 'terminal'> extends Failure<'Overflowed', K> {
  readonly _tag = 'Overflowed';
  readonly code = 'GGRX_OVERFLOWED';
  readonly retryable = false;
  readonly messages: number;
  /** `0` where the buffer was not told how large its values are. */
  readonly bytes: number;
  readonly policy: OverflowPolicy;
  /** What was full; several where values were dropped for several reasons. Empty where there was no buffer. */
  readonly bounds: readonly BufferBound[];

  constructor(kind: K, messages: number, bytes: number, policy: OverflowPolicy, bounds: readonly BufferBound[] = []) {
    super(kind, overflowText(messages, policy, bounds));
    this.bounds = bounds;
    this.messages = messages;
    this.bytes = bytes;
    this.policy = policy;
  }
}

/** A value by itself is larger than a message may be. It was not put into a batch, and is kept in this failure. */
export class ValueTooLarge<A = unknown> extends Failure<'ValueTooLarge', 'message'> {
  readonly _tag = 'ValueTooLarge';
  readonly code = 'GGRX_VALUE_TOO_LARGE';
  readonly retryable = false;
  readonly value: A;
  /** Of the payload it would make alone. */
  readonly bytes: number;
  readonly limit: number;

  constructor(value: A, bytes: number, limit: number) {
    super(
      'message',
      `A value makes a payload of ${bytes} bytes by itself, and ${limit} fit into one message. Send less of it, or split it before it is batched.`,
    );
    this.value = value;
    this.bytes = bytes;
    this.limit = limit;
  }
}
