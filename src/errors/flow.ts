import { Failure } from './failure.js';

/** What a full buffer does with the next value; `enforce`: there is no buffer, and the value came faster than a rate allows. */
export type OverflowPolicy = 'dropOldest' | 'dropNewest' | 'latestPerKey' | 'fail' | 'enforce';

function overflowText(messages: number, policy: OverflowPolicy): string {
  const dropped = `dropped ${String(messages)} message${messages === 1 ? '' : 's'} (${policy}).`;
  return policy === 'enforce'
    ? `More came than the rate allows, which ${dropped} Send less, allow a higher rate or burst, or let messages wait with mode 'shape'.`
    : `A buffer was full and ${dropped} Let the stage work on more at once, give it a larger buffer, or send it less.`;
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

  constructor(kind: K, messages: number, bytes: number, policy: OverflowPolicy) {
    super(kind, overflowText(messages, policy));
    this.messages = messages;
    this.bytes = bytes;
    this.policy = policy;
  }
}

/** A value by itself is larger than a message may be. It was not put into a batch; it is kept here. */
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
      `A value makes a payload of ${String(bytes)} bytes by itself, and ${String(limit)} fit into one message. Send less of it, or split it before it is batched.`,
    );
    this.value = value;
    this.bytes = bytes;
    this.limit = limit;
  }
}
