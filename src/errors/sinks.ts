import { Failure } from './failure.js';

/** A dead letter could not be written. It is kept here. */
export class DeadLetterLost<L = unknown> extends Failure<'DeadLetterLost', 'message'> {
  readonly _tag = 'DeadLetterLost';
  readonly code = 'GGRX_DEAD_LETTER_LOST';
  readonly retryable = true;
  readonly path: string;
  readonly letter: L;

  constructor(path: string, letter: L, cause: unknown) {
    super(
      'message',
      `A dead letter could not be written to ${path}; the cause says why. Check that the directory exists, is writable and has room.`,
      cause,
    );
    this.path = path;
    this.letter = letter;
  }
}

/** A command does not say where its answer is to go. It was not carried out. */
export class NoResponseTopic<M = unknown> extends Failure<'NoResponseTopic', 'message'> {
  readonly _tag = 'NoResponseTopic';
  readonly code = 'GGRX_NO_RESPONSE_TOPIC';
  readonly retryable = false;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;

  /** @param cause what `replyTo` threw, where that is why there is no topic. */
  constructor(topicName: string, original: M, cause?: Error) {
    super(
      'message',
      cause === undefined
        ? `A command on "${topicName}" names no response topic, so it was not carried out. Greengrass Lite and MQTT 3 carry none: give respond() a replyTo that makes the topic of the command.`
        : `For a command on "${topicName}" no response topic could be made, so it was not carried out. ${cause.message}`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
  }
}

/** A command had no answer in its time. */
export class DeadlineExceeded<M = unknown> extends Failure<'DeadlineExceeded', 'message'> {
  readonly _tag = 'DeadlineExceeded';
  readonly code = 'GGRX_DEADLINE_EXCEEDED';
  readonly retryable = true;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;
  /** In milliseconds. */
  readonly deadline: number;
  /** Whether it had begun to be carried out: then its effect is unknown. */
  readonly begun: boolean;

  constructor(topicName: string, original: M, deadline: number, begun: boolean) {
    super(
      'message',
      `A command on "${topicName}" had no answer within ${deadline} ms of its arrival. ${
        begun
          ? 'It had begun to be carried out: its effect is unknown.'
          : 'It waited behind others and was not begun: allow more in flight, or a longer deadline.'
      }`,
    );
    this.topicName = topicName;
    this.original = original;
    this.deadline = deadline;
    this.begun = begun;
  }
}

/** The handler of a command threw, or ended without an answer. The command's effect is unknown. */
export class HandlerFailed<M = unknown> extends Failure<'HandlerFailed', 'message'> {
  readonly _tag = 'HandlerFailed';
  readonly code = 'GGRX_HANDLER_FAILED';
  readonly retryable = false;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;

  constructor(topicName: string, original: M, cause: unknown) {
    super(
      'message',
      `The handler of a command on "${topicName}" failed; the cause says why. For failures that are expected, let it give a Left.`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
  }
}
