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

/** What all failures are made of. Its declaration is part of the package: without it no failure would be an `Error` to a user of it. */
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

/** Whether something thrown is a failure that this library hands out, and no mistake of the program. */
export function isFailure(thrown: unknown): thrown is Error & { readonly _tag: string; readonly kind: Kind } {
  return thrown instanceof Failure;
}

/** `E` with the properties of `P` in place of its own; each error of a union on its own. */
export type ErrorCopy<E, P> = E extends unknown ? Omit<E, keyof P> & P : never;

/**
 * An error once more, with other properties besides its own or in their place. A copy, since one error may be the answer to every
 * publish that is under way. The stack stays with the original: formatting it is most of what an error costs.
 */
export function copyError<E extends object, P extends object>(error: E, properties: P): ErrorCopy<E, P> {
  const { stack, ...own }: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(error);
  const copy = Object.create(Object.getPrototypeOf(error) as object, own) as object;
  if (stack !== undefined)
    Object.defineProperty(copy, 'stack', { configurable: true, get: () => (error as { readonly stack?: unknown }).stack });
  // The prototype makes it the same class again, which Object.create cannot tell the compiler.
  return Object.assign(copy, properties) as unknown as ErrorCopy<E, P>;
}
