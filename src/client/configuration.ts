import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { concatMap, defer, firstValueFrom, map, Observable, of } from 'rxjs';
import { validated } from '../codec/codec.js';
import { forbiddenKey } from '../codec/json-text.js';
import type { ConfigurationInvalid, RequestError, ServiceSubscribeError } from '../errors/errors.js';
import { ConfigurationUpdateEvents, GetConfigurationResponse, readShape } from '../ipc/wire/shapes.js';
import type { RunnableTaskEither } from '../ports/mqtt-proxy.js';
import { isJsonObject, ownMember } from '../shared/check-argument.js';
import { GET_CONFIGURATION, SUBSCRIBE_TO_CONFIGURATION_UPDATE, UPDATE_CONFIGURATION } from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import {
  answerDeployments,
  type ConfigurationAnswer,
  type ConfigurationVerdict,
  decodeConfiguration,
  encodeUpdate,
  holds,
  leafOf,
  notWritten,
  readWith,
} from './configuration-changes.js';
import type { NucleusLink } from './nucleus-link.js';

/** Which part of which configuration. */
export interface ConfigurationKey {
  /** Keys from the root of the configuration on. Default: all of it. Letter case counts on Greengrass Lite, and not on classic. */
  readonly keyPath?: readonly string[] | undefined;
  /** Whose configuration. Default: this component's own. No policy is needed to read that of others. */
  readonly componentName?: string | undefined;
}

/** The failures of a stream of a configuration. */
export type ConfigurationError = ServiceSubscribeError | RequestError | ConfigurationInvalid;

/** How a component reads and follows configurations. */
export interface Configuration {
  /**
   * The value now, and again after each change, decoded.
   *
   * Emits a `Right` for each value that differs from the one before, as JSON. A value that the codec does not accept is a
   * `Left(ConfigurationInvalid)` of kind `message`, and the last good value stays in effect; for a key that does not exist, the codec is
   * given `undefined`. A gap is a `Left`, after which the value is read again. A read that failed is a `Left` once, and is tried again
   * every two seconds if that can help. Completes after a terminal `Left`, when draining begins, and after `close()`.
   *
   * The key may be a node or a leaf; keys that appear later are seen as well. Changes that come close together are read once. On Greengrass
   * Lite everything from a YAML file is a text; where the codec expects a number, a boolean or null, the text is converted.
   */
  readonly value$: <A>(codec: Pick<Type<A, unknown>, 'name' | 'decode'>, key?: ConfigurationKey) => ObservableEither<ConfigurationError, A>;
  /**
   * Merges an object into this component's own configuration, below `keyPath`, with the present time. Maps are merged key by key;
   * everything else, lists included, is replaced. The change is persistent, and wins over the defaults of a new recipe and over a
   * deployment that was made before it.
   *
   * A `Right` means that it was read back and is there. If something was written at a later time, or by a clock that is ahead, that stays,
   * and the result is a `Left(ServiceFault)` with the reason `UpdateConditionFailed`. It is the same on both nuclei, because the value is
   * read back: a classic nucleus may say so of a value that it has written, and Greengrass Lite says nothing. A value that would be changed
   * on its way, one that is no object, and `accessControl` are a `Left(InvalidRequest)`.
   */
  readonly update: (
    value: Readonly<Record<string, unknown>>,
    key?: Pick<ConfigurationKey, 'keyPath'>,
  ) => RunnableTaskEither<RequestError, undefined>;
  /**
   * Lets the codec decide, before a deployment takes effect, whether its configuration is valid for this component. If the codec refuses
   * it, the deployment fails with the codec's problems, and nothing changes. Emits each answer that was given. Run it once, as a branch:
   * the nucleus asks only one listener of a component. Only the classic nucleus has this; on Greengrass Lite it is one
   * `Left(UnsupportedOperation)`, then completion.
   *
   * Think before you use it: with one validator among them, a deployment waits for the answers of **all** components whose configuration
   * changes, and one that never validates makes it fail after 20 s. So it is for devices on which every configured component validates.
   */
  readonly validate: <A>(
    codec: Pick<Type<A, unknown>, 'name' | 'decode'>,
    key?: Pick<ConfigurationKey, 'keyPath'>,
  ) => ObservableEither<ServiceSubscribeError | RequestError, ConfigurationVerdict>;
}

/** From a read that failed to the next, in milliseconds. */
const READ_AGAIN = 2_000;

/** The configuration on a connection that other ports use as well. */
export class IpcConfiguration implements Configuration {
  readonly #link: NucleusLink;
  #lastUpdate = 0;

  constructor(link: NucleusLink) {
    this.#link = link;
  }

  value$<A>(codec: Pick<Type<A, unknown>, 'name' | 'decode'>, key: ConfigurationKey = {}): ObservableEither<ConfigurationError, A> {
    const { keyPath = [], componentName } = key;
    const link = this.#link;
    return new Observable<Either<ConfigurationError, A>>(subscriber => {
      let reading = false;
      let again = false;
      let toldFailure = false;
      let last: ConfigurationAnswer | undefined;
      let cancelRetry = (): void => undefined;

      const settle = (answer: Either<RequestError, ConfigurationAnswer>): void => {
        if (answer._tag === 'Right') {
          toldFailure = false;
          const before = last;
          last = answer.right;
          if (before?.body === last.body && isJsonObject(before.value) === isJsonObject(last.value)) return;
          subscriber.next(decodeConfiguration(codec, keyPath, last, link.isOnLite));
          return;
        }
        const error = answer.left;
        // A terminal failure ends the subscription, which then emits it.
        if (error.kind !== 'terminal' && !toldFailure) subscriber.next(left(error));
        toldFailure = true;
        if (error.retryable) cancelRetry = link.clock.after(READ_AGAIN, read);
      };
      const read = (): void => {
        again = reading;
        if (reading || subscriber.closed) return;
        reading = true;
        cancelRetry();
        subscriber.add(
          this.#read$(keyPath, componentName)
            .pipe(concatMap(answer => this.#withLeaf$(codec, keyPath, componentName, answer)))
            .subscribe({
              next: settle,
              error: (defect: unknown) => subscriber.error(defect),
              complete: () => {
                reading = false;
                if (again) read();
              },
            }),
        );
      };
      // Subscribed at the root: a subscription to a key is dead for good once the key was removed, and is refused if the key does not exist
      // yet.
      const events$ = link.optionalEvents({
        operation: SUBSCRIBE_TO_CONFIGURATION_UPDATE,
        topicName: keyPath.join('/'),
        payload: JSON.stringify({ componentName, keyPath: [] }),
        read: readUpdate,
        isCanary: () => false,
        silence: undefined,
        // Read after the reply: before it, the classic nucleus reports no changes.
        onStatus: ({ status }) => {
          if (status === 'active') read();
        },
      });
      const events = events$.subscribe({
        next: event => {
          if (event._tag === 'Left') subscriber.next(event);
          else if (concerns(event.right, keyPath)) read();
        },
        error: (defect: unknown) => subscriber.error(defect),
        complete: () => subscriber.complete(),
      });
      return () => {
        events.unsubscribe();
        cancelRetry();
      };
    });
  }

  update(
    value: Readonly<Record<string, unknown>>,
    { keyPath = [] }: Pick<ConfigurationKey, 'keyPath'> = {},
  ): RunnableTaskEither<RequestError, undefined> {
    const merged$ = defer((): ObservableEither<RequestError, undefined> => {
      // Later than all updates before, even within the same millisecond.
      this.#lastUpdate = Math.max(this.#link.time(), this.#lastUpdate + 1);
      const payload = encodeUpdate(value, keyPath, this.#lastUpdate);
      if (payload._tag === 'Left') return of(payload);
      const about = keyPath.join('/');
      return this.#link
        .call({ operation: UPDATE_CONFIGURATION, about, payload: payload.right, read: () => right(undefined) })
        .pipe(concatMap(answer => this.#readBack(answer, value, keyPath)));
    });
    return () => firstValueFrom(merged$);
  }

  /** Neither nucleus' answer says whether it was written. */
  #readBack(
    answer: Either<RequestError, undefined>,
    value: Readonly<Record<string, unknown>>,
    keyPath: readonly string[],
  ): ObservableEither<RequestError, undefined> {
    const isOlder = answer._tag === 'Left' && answer.left._tag === 'ServiceFault' && answer.left.reason === 'UpdateConditionFailed';
    if (answer._tag === 'Left' && !isOlder) return of(answer);
    return this.#read$(keyPath, undefined).pipe(
      map((read): Either<RequestError, undefined> => {
        if (read._tag === 'Left') return read;
        if (holds(read.right.value, JSON.parse(JSON.stringify(value)))) return right(undefined);
        return answer._tag === 'Left' ? answer : left(notWritten(keyPath));
      }),
    );
  }

  validate<A>(
    codec: Pick<Type<A, unknown>, 'name' | 'decode'>,
    { keyPath = [] }: Pick<ConfigurationKey, 'keyPath'> = {},
  ): ObservableEither<ServiceSubscribeError | RequestError, ConfigurationVerdict> {
    return answerDeployments(this.#link, configuration => {
      const value = keyPath.reduce<unknown>((at, key) => (isJsonObject(at) ? ownMember(at, key) : undefined), configuration);
      const forbidden = forbiddenKey(value);
      if (forbidden !== undefined) return { problems: [forbidden] };
      const decoded = validated(codec, value);
      return decoded._tag === 'Left' ? decoded.left : undefined;
    });
  }

  /**
   * The answer, or the leaf that it stands for. Where the codec takes the answer as a node, as a type of which no member is required does,
   * only the nucleus can tell whether it is one: a leaf has nothing below it.
   */
  #withLeaf$<A>(
    codec: Pick<Type<A, unknown>, 'name' | 'decode'>,
    keyPath: readonly string[],
    componentName: string | undefined,
    answer: Either<RequestError, ConfigurationAnswer>,
  ): ObservableEither<RequestError, ConfigurationAnswer> {
    const last = keyPath.at(-1);
    if (answer._tag === 'Left' || last === undefined) return of(answer);
    const leaf = leafOf(answer.right.value, keyPath);
    if (leaf === undefined || readWith(codec, answer.right.value, this.#link.isOnLite)._tag === 'Left') return of(answer);
    return this.#read$([...keyPath, last], componentName).pipe(
      map((member): Either<RequestError, ConfigurationAnswer> => {
        if (member._tag === 'Left') return member.left.retryable ? member : answer;
        return member.right.value === undefined ? right({ ...answer.right, ...leaf }) : answer;
      }),
    );
  }

  #read$(keyPath: readonly string[], componentName: string | undefined): ObservableEither<RequestError, ConfigurationAnswer> {
    const answer$ = this.#link.call({
      operation: GET_CONFIGURATION,
      about: keyPath.join('/'),
      payload: JSON.stringify({ componentName, keyPath }),
      read: readAnswer,
    });
    return new Observable(subscriber =>
      answer$.subscribe({
        next: answer => {
          const missing = answer._tag === 'Left' && answer.left._tag === 'ServiceFault' && answer.left.reason === 'ResourceNotFound';
          subscriber.next(missing ? right({ body: '', componentName: componentName ?? 'this component', value: undefined }) : answer);
        },
        error: (defect: unknown) => subscriber.error(defect),
        complete: () => subscriber.complete(),
      }),
    );
  }
}

/** Whether the leaf that changed lies above, at or below the key. */
function concerns(changed: readonly string[], keyPath: readonly string[]): boolean {
  const shared = Math.min(changed.length, keyPath.length);
  return keyPath.slice(0, shared).every((key, at) => key.toLowerCase() === changed[at]?.toLowerCase());
}

function readUpdate(body: string): Either<string, readonly string[]> {
  const event = readShape('ConfigurationUpdateEvents', ConfigurationUpdateEvents, body);
  return event._tag === 'Left' ? event : right(event.right.configurationUpdateEvent.keyPath);
}

function readAnswer(body: string): Either<string, ConfigurationAnswer> {
  const answer = readShape('GetConfigurationResponse', GetConfigurationResponse, body);
  return answer._tag === 'Left' ? answer : right({ body, ...answer.right });
}
