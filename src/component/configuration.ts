import { type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import { defer, merge, Observable, of, ReplaySubject, Subject, takeUntil } from 'rxjs';
import type { ConfigurationError } from '../client/configuration.js';
import type { Nucleus } from '../client/connect.js';
import { describe, validated } from '../codec/codec.js';
import { forbiddenKeyIn, inexactNumbers } from '../codec/json-text.js';
import { ConfigurationInvalid } from '../errors/errors.js';
import { isJsonObject, parsedJson } from '../shared/check-argument.js';
import { isTerminal, type ObservableEither } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';
import type { Component, RunContext } from './component.js';
import type { Log } from './log.js';

/** The configuration that `run` is called with, and what follows. */
interface StartConfiguration<A> {
  readonly config: A;
  readonly config$: RunContext<A>['config$'];
}

/** A configuration that does not change while the component runs. */
export function unchanging<A>(
  given: Either<ConfigurationInvalid, A>,
  draining$: Observable<unknown>,
): Either<ConfigurationInvalid, StartConfiguration<A>> {
  return map((config: A) => ({ config, config$: new Followed(config, draining$).config$ }))(given);
}

/**
 * Reads the configuration at the nucleus and follows it until the connection is drained or closed. Where the nucleus does not offer this,
 * or there is no nucleus, the component has its defaults; what needs a nucleus reports that itself.
 *
 * @param defaults the configuration that the defaults alone come to.
 */
export function followConfiguration<A>(
  component: Component<A>,
  nucleus: Nucleus,
  defaults: Either<ConfigurationInvalid, A>,
  log: Log,
): Promise<Either<ConfigurationError, StartConfiguration<A>>> {
  return new Promise(resolve => {
    const { config, name } = component;
    const { draining$ } = nucleus;
    if (config === undefined) {
      resolve(unchanging(defaults, draining$));
      return;
    }
    let followed: Followed<A> | undefined;
    const start = (value: A): void => {
      followed = new Followed(value, draining$);
      resolve(right({ config: value, config$: followed.config$ }));
    };
    nucleus.configuration.value$(withDefaults(component, config), { keyPath: [CONFIG_KEY] }).subscribe({
      next: change => {
        if (change._tag === 'Right') {
          if (followed === undefined) start(change.right);
          else if (!followed.next(change))
            log.warn('the configuration has changed, and nobody is subscribed to config$: the component goes on with that of its start', {
              event: 'configuration',
            });
          return;
        }
        const error = change.left;
        markHandled(error);
        if (error._tag === 'ConfigurationInvalid') {
          if (followed === undefined) resolve(left(new ConfigurationInvalid(name, error.problems, error.cause)));
          else if (!followed.next(left(error))) log.warn(`configuration: ${error.message}`, { event: 'configuration', error });
        } else if (error._tag === 'MissingEnvironment') resolve(unchanging(defaults, draining$));
        else if (error.kind === 'terminal' && followed === undefined) resolve(left(error));
        else if (error._tag === 'UnsupportedOperation')
          log.debug('the nucleus has no configurations to follow', { event: 'configuration', error });
        else log.warn(`configuration: ${error.message}`, { event: 'configuration', error });
      },
      error: (defect: unknown) => {
        log.error('the configuration is no longer followed', { event: 'configuration', error: defect });
        resolve(unchanging(defaults, draining$));
      },
      complete: () => {
        // For a nucleus that does not offer it; where something has been resolved before, this is not heard.
        resolve(unchanging(defaults, draining$));
      },
    });
  });
}

/** The variable that stands in place of the configuration that a component reads at its nucleus, as JSON. */
export const CONFIG_VARIABLE = 'GREENGRASS_RX_CONFIG';

/** The variable that names the folder of a component's own files where that is not its working folder: `dev` sets it. */
export const WORK_FOLDER_VARIABLE = 'GREENGRASS_RX_WORK_FOLDER';

/**
 * The variable that says in which step of the recipe the component runs: `startup`, or left out where it is `run`. The derived recipe sets
 * it.
 */
export const LIFECYCLE_VARIABLE = 'GREENGRASS_RX_LIFECYCLE';

/** The member of the component's configuration that is its own; beside it is `accessControl`. */
export const CONFIG_KEY = 'config';

/**
 * What a recipe has to hand the configuration over in the environment. Both nuclei replace such a variable by the JSON of the object.
 *
 * Source: component recipe reference, "Recipe variables"; `KernelConfigResolver` of the nucleus; `recipe-runner` of Greengrass Lite.
 */
const CONFIG_PLACEHOLDER = '{configuration:/config}';

/** The component's defaults with the environment over them, checked: what `run` is given. */
export function readConfiguration<A>(
  component: Pick<Component<A>, 'name' | 'config' | 'defaults'>,
  env: NodeJS.ProcessEnv,
): Either<ConfigurationInvalid, A> {
  const { name, config, defaults } = component;
  const given = parse(env[CONFIG_VARIABLE]);
  if (isLeft(given)) return left(new ConfigurationInvalid(name, given.left));
  // A component without a codec takes no configuration: its A is undefined.
  if (config === undefined) return right(undefined as A);
  const decoded = validated(config, merged(defaults, given.right));
  return isLeft(decoded) ? left(new ConfigurationInvalid(name, decoded.left.problems, decoded.left.cause)) : decoded;
}

/** Whether the configuration is in the variable. If not, it is read at the nucleus. */
export function overridesConfiguration(env: NodeJS.ProcessEnv): boolean {
  const variable = env[CONFIG_VARIABLE];
  return variable !== undefined && variable.trim() !== '' && variable !== CONFIG_PLACEHOLDER;
}

/** A component's codec with its defaults: what decodes the configuration that the nucleus has. */
function withDefaults<A>({ defaults }: Pick<Component<A>, 'defaults'>, config: NonNullable<Component<A>['config']>): typeof config {
  return {
    name: config.name,
    decode: value => config.decode(value === undefined ? defaults : isJsonObject(value) ? merged(defaults, value) : value),
  };
}

function parse(variable: string | undefined): Either<readonly string[], Readonly<Record<string, unknown>>> {
  // Where the configuration has no such member, the classic nucleus leaves the placeholder as it is.
  if (variable === undefined || variable.trim() === '' || variable === CONFIG_PLACEHOLDER) return right({});
  const parsed = parsedJson(variable);
  if (parsed === undefined) return left([`(root): expected JSON in ${CONFIG_VARIABLE}, got ${describe(variable)}`]);
  if (!isJsonObject(parsed)) return left([`(root): expected an object in ${CONFIG_VARIABLE}, got ${describe(parsed)}`]);
  const problems = [forbiddenKeyIn(variable, parsed) ?? [], inexactNumbers(variable)].flat();
  return problems.length === 0 ? right(parsed) : left(problems);
}

/** As Greengrass merges: maps key by key, all else, lists too, replaced. */
export function merged(
  defaults: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const members = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(given)) {
    const before = members.get(key);
    members.set(key, isJsonObject(before) && isJsonObject(value) ? merged(before, value) : value);
  }
  return Object.fromEntries(members);
}

/** A value that changes: the latest good one first for each subscriber, then what follows, until draining begins. */
export class Followed<A> {
  readonly #changes = new Subject<Either<ConfigurationInvalid, A>>();
  readonly #draining$: Observable<unknown>;
  #latest: A;

  constructor(first: A, draining$: Observable<unknown>) {
    this.#latest = first;
    this.#draining$ = draining$;
  }

  get config$(): Observable<Either<ConfigurationInvalid, A>> {
    return defer(() => merge(of(right(this.#latest)), this.#changes)).pipe(takeUntil(this.#draining$));
  }

  /** Whether anybody heard of it. */
  next(change: Either<ConfigurationInvalid, A>): boolean {
    if (change._tag === 'Right') this.#latest = change.right;
    const isHeard = this.#changes.observed;
    this.#changes.next(change);
    return isHeard;
  }
}

/**
 * Makes a stream for the configuration and runs it, and makes another one after each change: the component follows its configuration
 * without a restart.
 *
 * At a change `ending$` emits and completes, and the stream has to complete with it: put `takeUntil(ending$)` behind its source. Then
 * stages and windows publish what they hold before the next stream begins. (`switchMap` would throw that away.) What the source emits
 * between the two streams is lost. Of several changes meanwhile only the last one counts. A stream that does not complete keeps the next
 * one waiting. `ending$` emits as well when `config$` completes, as it does when the component is told to stop: so a timer with
 * `takeUntil(ending$)` ends. A change that still waits then is dropped.
 *
 * Emits what the streams emit, and the `Left`s of `config$`, under which the old stream goes on. Completes after a terminal `Left`, and
 * when `config$` and the stream have completed, as they do at a drain. What `make` throws is a defect and goes to the error channel.
 *
 * Memory: one configuration that waits.
 *
 * @example
 * ```ts
 * import { component, followConfig } from 'greengrass-rx/component';
 * import { E, t } from 'greengrass-rx/fp';
 * import { interval, map, takeUntil } from 'rxjs';
 *
 * const ticker = component({
 *   name: 'com.example.Ticker',
 *   version: '1.0.0',
 *   config: t.type({ period: t.number }),
 *   defaults: { period: 1_000 },
 *   run: (_proxy, _config, { config$ }) =>
 *     followConfig(config$, ({ period }, ending$) =>
 *       interval(period).pipe(takeUntil(ending$), map(tick => E.right(tick))),
 *     ),
 * });
 * console.log(ticker.name); // com.example.Ticker
 * ```
 */
export function followConfig<C, E1, A, E2>(
  config$: ObservableEither<E1, C>,
  make: (config: C, ending$: Observable<void>) => ObservableEither<E2, A>,
): ObservableEither<E1 | E2, A> {
  return new Observable<Either<E1 | E2, A>>(subscriber => {
    let ending: Subject<void> | undefined;
    const end = (): void => {
      ending?.next();
      ending?.complete();
    };
    let next: { readonly config: C } | undefined;
    let isLast = false;
    const begin = (config: C): void => {
      // Who looks later, as a source that begins later, finds out at once.
      const ends = new ReplaySubject<void>(1);
      ending = ends;
      subscriber.add(
        defer(() => make(config, ends.asObservable())).subscribe({
          next: element => {
            subscriber.next(element);
            if (element._tag === 'Left' && isTerminal(element)) subscriber.complete();
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => {
            ending = undefined;
            if (next !== undefined) {
              const { config: following } = next;
              next = undefined;
              begin(following);
            } else if (isLast) subscriber.complete();
          },
        }),
      );
    };
    subscriber.add(
      config$.subscribe({
        next: change => {
          if (change._tag === 'Left') subscriber.next(change);
          else if (ending === undefined) begin(change.right);
          else {
            next = { config: change.right };
            end();
          }
        },
        error: (defect: unknown) => subscriber.error(defect),
        complete: () => {
          isLast = true;
          if (ending === undefined) subscriber.complete();
          else {
            next = undefined;
            end();
          }
        },
      }),
    );
  });
}
