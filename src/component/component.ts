import { type Either, right } from 'fp-ts/lib/Either.js';
import type { Type, Validation } from 'io-ts';
import { concat, defer, NEVER, type Observable, of, takeUntil, type Unsubscribable } from 'rxjs';
import type { Nucleus } from '../client/connect.js';
import type { LocalTopics } from '../client/local-topics.js';
import type { ConfigurationInvalid } from '../errors/errors.js';
import { declaredFilters, type DeclaredTopic } from '../flow/declaration.js';
import { type OutboxOptions, OwnOutboxes } from '../outbox/open-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import { COMPONENT_NAME_RULE, COMPONENT_VERSION_RULE, isComponentName, isComponentVersion } from '../shared/component-identity.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { type Log, silentLog } from './log.js';

/** What `run` gets besides the proxy and its configuration. */
export interface RunContext<A = unknown> {
  readonly log: Log;
  /** All services of the nucleus, on the connection of the proxy. Throws where the component runs on a proxy alone. */
  readonly nucleus: Nucleus;
  /** `nucleus.local`. */
  readonly local: LocalTopics;
  /**
   * The configuration `run` was called with, and again after each change. One that does not fit is a `Left(ConfigurationInvalid)` of kind
   * `message`, while the last good one stands. Where the configuration comes from the variable, it never changes. Completes when draining
   * begins.
   */
  readonly config$: ObservableEither<ConfigurationInvalid, A>;
  /**
   * `openOutbox` of `greengrass-rx/outbox`, for this component: a file in its work folder, which stays open until `runComponent` has ended
   * the branches; in memory in marble tests and dry runs, which never touch the disk. Called again with the same options it gives the same
   * outbox.
   */
  readonly openOutbox: (options?: OutboxOptions) => Outbox;
}

/** Throws when a service is used that is not there: a component on a proxy alone does not need it. */
export function runContext<A>(
  log: Log,
  config$: RunContext<A>['config$'],
  nucleus: Nucleus | undefined,
  outboxes: OwnOutboxes = new OwnOutboxes(undefined),
): RunContext<A> {
  const there = (): Nucleus => {
    if (nucleus !== undefined) return nucleus;
    throw new Error(
      'This component runs on an MQTT proxy alone, which has no other service of the nucleus. Run it by runComponent, or give run a context whose nucleus is a connectNucleus().',
    );
  };
  return {
    log,
    config$,
    openOutbox: outboxes.open,
    get nucleus() {
      return there();
    },
    get local() {
      return there().local;
    },
  };
}

/** A configuration that nobody changes, until the component is told to stop. */
function unchanging$<A>(proxy: MqttProxy, config: A): RunContext<A>['config$'] {
  return defer(() => concat(of(right(config)), NEVER).pipe(takeUntil(proxy.draining$)));
}

/** A branch of a component: a stream whose failures are `Left`s. Its values are not kept. */
export type Branch = Observable<Either<unknown, unknown>>;

/** What `run` gives: one stream, or several that are told apart by their names. */
export type Branches = Branch | Readonly<Record<string, Branch>>;

/** What `run` gives; where that is a mistake that many make, the sentence that the compiler then shows. */
export type RunResult<R> = R extends Branches
  ? R
  : R extends PromiseLike<unknown>
    ? 'write run without async: it gives its streams at once, and what they wait for goes into them, as with defer(async () => …)'
    : R extends Observable<unknown> | Readonly<Record<string, Observable<unknown>>>
      ? 'a branch emits Eithers: write map(E.right) behind a stream of plain values'
      : // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- this is what a function without a return gives
        R extends void | Unsubscribable
        ? 'let run return its streams, and subscribe to none of them: whoever runs the component does'
        : Branches;

/** What all components have. */
interface Description {
  /** Such as `com.example.EdgeAggregator`: letters, digits, `-`, `_` and `.`, at most 128. */
  readonly name: string;
  /** A semantic version, at most 64 characters, each number of at most six digits. */
  readonly version: string;
  readonly description?: string | undefined;
  readonly publisher?: string | undefined;
  /** Topics it publishes to without a stage that declares them: by `proxy.publish`, or with a canary. */
  readonly publishes?: readonly DeclaredTopic[] | undefined;
  /** Filters it subscribes to only if data says so: a dry run does not see them. */
  readonly subscribes?: readonly DeclaredTopic[] | undefined;
  /** The same of local topics, those between the components of a device. */
  readonly localPublishes?: readonly DeclaredTopic[] | undefined;
  readonly localSubscribes?: readonly DeclaredTopic[] | undefined;
  /**
   * What happens to the other branches when one ends with a terminal `Left` or a defect. `drain` (default): they work off what they hold
   * and the process ends, so that the nucleus starts all of them again. `continue`: they go on; the health file says which one is missing,
   * and the exit code of the end is that of the failure.
   */
  readonly whenBranchFails?: 'drain' | 'continue' | undefined;
}

/**
 * What {@link component} makes a component of. `A` is its configuration, `O` that as JSON, which `config` alone decides; `R` is what `run`
 * gives.
 */
export interface ComponentDefinition<A, O, R> extends Description {
  /** Checks the configuration, and says its type. Left out: it takes none. */
  readonly config?: Type<A, O> | undefined;
  /** The recipe's default configuration, as it is in JSON. Members that are left out have to come with the deployment. */
  readonly defaults?: Partial<NoInfer<O>> | undefined;
  /** The component itself: its streams, from a proxy and its configuration. */
  readonly run: (proxy: MqttProxy, config: NoInfer<A>, context: RunContext<NoInfer<A>>) => RunResult<R>;
}

const BRAND: symbol = Symbol.for('greengrass-rx.component');

/**
 * A component: its name, its configuration, and the function from a proxy to its streams. Nothing of it runs before {@link Component.run}.
 */
export interface Component<A = unknown, R extends Branches = Branches> extends Omit<
  Description,
  'publishes' | 'subscribes' | 'localPublishes' | 'localSubscribes'
> {
  readonly config:
    | {
        readonly name: string;
        /** Checks a configuration. */
        decode(value: unknown): Validation<A>;
      }
    | undefined;
  /** As JSON. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
  readonly localPublishes: readonly string[];
  readonly localSubscribes: readonly string[];
  readonly whenBranchFails: 'drain' | 'continue';
  /**
   * The component's streams, on any proxy: that of a device, of a marble test, of a dry run. Without a context, its log goes nowhere, its
   * configuration never changes, and the other services of the nucleus throw where they are used.
   */
  run(proxy: MqttProxy, config: A, context?: RunContext<A>): R;
}

/**
 * A component as a value: from it come the running program (`runComponent`, `greengrass-rx run`), its recipe and its diagram (`dryRun`,
 * `greengrass-rx recipe`), and its marble tests (`run` is a function from a proxy to a stream, nothing else).
 *
 * `run` gives one stream, or a record of streams by name, its branches; with names, logs, health and exit say which one a failure
 * belongs to.
 *
 * @throws TypeError, RangeError for a name, a version or a topic that the recipe format or MQTT does not take.
 *
 * @example
 * ```ts
 * import { json, onRights, publishTo, QOS, type MqttProxy } from 'greengrass-rx';
 * import { component } from 'greengrass-rx/component';
 * import { t } from 'greengrass-rx/fp';
 * import { filter } from 'rxjs';
 *
 * const Reading = json(t.type({ celsius: t.number }));
 *
 * const alarms = (proxy: MqttProxy, limit: number) =>
 *   proxy.subscribe({ topicName: 'sensors/+', qos: QOS.AT_LEAST_ONCE, codec: Reading }).pipe(
 *     onRights(readings$ => readings$.pipe(
 *       filter(({ value }) => value.celsius > limit),
 *       publishTo(proxy, ({ value }) => ({ topicName: 'alarms/heat', payload: Reading.encode(value), qos: QOS.AT_LEAST_ONCE }), {
 *         name: 'heat alarms',
 *         topics: ['alarms/heat'],
 *       }),
 *     )),
 *   );
 *
 * export default component({
 *   name: 'com.example.HeatAlarm',
 *   version: '1.0.0',
 *   config: t.type({ limit: t.number }),
 *   defaults: { limit: 60 },
 *   run: (proxy, { limit }) => ({ alarms: alarms(proxy, limit) }),
 * });
 * ```
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference".
 */
export function component<A = undefined, O = undefined, R = Branches>(
  definition: ComponentDefinition<A, O, R>,
): Component<A, R extends Branches ? R : never>;
export function component(definition: ComponentDefinition<unknown, unknown, Branches>): Component {
  const { name, version, description, publisher, publishes = [], subscribes = [], whenBranchFails = 'drain' } = definition;
  const { localPublishes = [], localSubscribes = [] } = definition;
  if (!isComponentName(name)) throw new RangeError(`${COMPONENT_NAME_RULE.slice(0, -1)}, and ${JSON.stringify(name)} does not.`);
  if (!isComponentVersion(version)) throw new RangeError(`${COMPONENT_VERSION_RULE.slice(0, -1)}, and ${JSON.stringify(version)} is not.`);
  const made: Component = {
    name,
    version,
    description,
    publisher,
    whenBranchFails,
    config: definition.config,
    defaults: definition.defaults ?? {},
    publishes: declaredFilters(publishes),
    subscribes: declaredFilters(subscribes),
    localPublishes: declaredFilters(localPublishes),
    localSubscribes: declaredFilters(localSubscribes),
    run: (proxy, config, context = runContext(silentLog, unchanging$(proxy, config), undefined)) => definition.run(proxy, config, context),
  };
  return Object.defineProperty(made, BRAND, { value: true });
}

/** Whether a value, such as the default export of a module, is a {@link Component}; one of another copy of this package is, too. */
export function isComponent(value: unknown): value is Component {
  return typeof value === 'object' && value !== null && BRAND in value;
}
