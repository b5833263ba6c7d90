import { Failure } from './failure.js';

/** A message's payload is not what the codec expects. The message itself is kept. */
export class DecodeFailed<M = unknown> extends Failure<'DecodeFailed', 'message'> {
  readonly _tag = 'DecodeFailed';
  readonly code = 'GGRX_DECODE_FAILED';
  readonly retryable = false;
  readonly topicName: string;
  /** The message as it came. */
  readonly original: M;
  /** One line a problem, each beginning with the path to the value. */
  readonly problems: readonly string[];

  constructor(topicName: string, original: M, problems: readonly string[], cause?: unknown) {
    super(
      'message',
      `A message on "${topicName}" could not be decoded: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
    this.problems = problems;
  }
}

/** A value cannot be encoded: it has something that JSON does not have. */
export class EncodeFailed<A = unknown> extends Failure<'EncodeFailed', 'message'> {
  readonly _tag = 'EncodeFailed';
  readonly code = 'GGRX_ENCODE_FAILED';
  readonly retryable = false;
  readonly value: A;

  /** @param problem with the path, as `celsius: JSON has no NaN`. */
  constructor(value: A, problem: string, cause?: unknown) {
    super(
      'message',
      `A value cannot be encoded as JSON: ${problem}. Leave out or mark such values before they are published; a bigint is a string in JSON.`,
      cause,
    );
    this.value = value;
  }
}

/** A topic name cannot be built: a parameter of its template would be more than one level, or the name breaks a limit. */
export class InvalidTopic extends Failure<'InvalidTopic', 'message'> {
  readonly _tag = 'InvalidTopic';
  readonly code = 'GGRX_INVALID_TOPIC';
  readonly retryable = false;
  /** The template as it is written. */
  readonly template: string;
  /** The parameter at fault; `undefined` where it is the name as a whole. */
  readonly parameter: string | undefined;

  constructor(template: string, parameter: string | undefined, problem: string) {
    super(
      'message',
      parameter === undefined
        ? `No topic name can be built from "${template}" with these parameters. ${problem}`
        : `No topic name can be built from "${template}": the parameter ${parameter} ${problem}. Give it the text of one level, at least one character without /, + or #.`,
    );
    this.template = template;
    this.parameter = parameter;
  }
}
