/**
 * What a failure does to the stream it passes on.
 * - `message`: one message or publish is affected; the stream goes on.
 * - `gap`: messages may be missing here; the stream goes on.
 * - `terminal`: the last value; completion follows.
 */
export type Kind = 'message' | 'gap' | 'terminal';

/** The operations this library calls, by the names policies use. The first four need a policy. */
export type Operation =
  | 'aws.greengrass#PublishToIoTCore'
  | 'aws.greengrass#SubscribeToIoTCore'
  | 'aws.greengrass#PublishToTopic'
  | 'aws.greengrass#SubscribeToTopic'
  | 'aws.greengrass#SubscribeToIoTCoreConnectionStatus'
  | 'aws.greengrass#GetConfiguration'
  | 'aws.greengrass#UpdateConfiguration'
  | 'aws.greengrass#SubscribeToConfigurationUpdate'
  | 'aws.greengrass#SubscribeToValidateConfigurationUpdates'
  | 'aws.greengrass#SendConfigurationValidityReport'
  | 'aws.greengrass#UpdateState'
  | 'aws.greengrass#SubscribeToComponentUpdates'
  | 'aws.greengrass#DeferComponentUpdate';

/**
 * The base of all failures. Its declaration is part of the package, since otherwise the compiler would not know that failures are `Error`s.
 */
export abstract class Failure<Tag extends string, K extends Kind> extends Error {
  /** Which failure this is: what `catchTag` and exhaustive `switch` statements look at. */
  abstract readonly _tag: Tag;
  /** Stable across versions and languages, for logs and alarms. */
  abstract readonly code: `GGRX_${string}`;
  /** What it does to the stream it passes on. */
  readonly kind: K;
  /** Whether doing the same again can succeed. The default predicate of `retryWith`. */
  abstract readonly retryable: boolean;

  constructor(kind: K, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }

  override get name(): string {
    return this._tag;
  }
}

/** Whether something that was thrown is a failure of this library, and not a mistake of the program. */
export function isFailure(thrown: unknown): thrown is Error & { readonly _tag: string; readonly kind: Kind } {
  return thrown instanceof Failure;
}

/** `E` with the properties of `P` in place of its own, applied to each error of a union. */
export type ErrorCopy<E, P> = E extends unknown ? Omit<E, keyof P> & P : never;

/**
 * A copy of an error, with further properties, or with others in place of its own. It is a copy because one error may be the answer to
 * every publish under way. Its stack is read from the original: formatting a stack is most of what an error costs.
 */
export function copyError<E extends object, P extends object>(error: E, properties: P): ErrorCopy<E, P> {
  const copy = Object.create(Object.getPrototypeOf(error) as object) as object;
  // The stack is left out by its name: under Node 20 it would be formatted for its descriptor.
  for (const key of Reflect.ownKeys(error))
    if (key !== 'stack') Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(error, key) ?? {});
  if ('stack' in error) Object.defineProperty(copy, 'stack', { configurable: true, get: () => error.stack });
  // The prototype makes it the same class again, which Object.create cannot tell the compiler.
  return Object.assign(copy, properties) as unknown as ErrorCopy<E, P>;
}

/**
 * What was full: `buffer.messages`, `buffer.bytes`, or the part of a buffer without `bytes` of the memory that all such buffers share; or
 * an outbox.
 */
export type BufferBound = 'messages' | 'bytes' | 'shared' | 'outbox';

/** The bounds, as sentences name them. */
export const BUFFER_BOUNDS: Readonly<Record<BufferBound, string>> = {
  messages: 'buffer.messages',
  bytes: 'buffer.bytes',
  shared: 'its part of the 16 MiB that all buffers share',
  outbox: 'maxBytes',
};
