import type { Either } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { asyncScheduler, firstValueFrom, type Observable, type SchedulerLike } from 'rxjs';
import { validated } from '../codec/codec.js';
import type { PublishError } from '../errors/errors.js';
import type { PortRules, PublishPort } from '../flow/publish-to.js';
import type { MqttProxy, RunnableTaskEither } from '../ports/mqtt-proxy.js';
import { checkPositiveTime } from '../shared/check-argument.js';
import { PUBLISH } from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { type ShadowAccepted, type ShadowReport, ShadowReports } from './shadow-report.js';
import { partOf, type ShadowPart } from './shadow-state.js';
import { type ShadowContext, type ShadowError, type ShadowState, shadowTopics, shadowView, type Shown } from './shadow-view.js';
import { shareSubscriptions } from './share-subscriptions.js';

/** Which shadow, and of what. */
export interface ShadowOptions<A> {
  /**
   * The thing. Default: the core device, by the variable `AWS_IOT_THING_NAME`, which a nucleus sets, and without a nucleus, as in a marble
   * test, `local-thing`. A derived recipe allows the shadow of whatever device it is deployed to; the name of another thing is in it as
   * given.
   */
  readonly thingName?: string | undefined;
  /** The name of a named shadow. Default: the shadow without a name. */
  readonly name?: string | undefined;
  /** The io-ts type of `desired` and `reported`. If a section may lack members, a type in which they are optional. */
  readonly codec: Type<A, unknown>;
  /** Milliseconds to wait for an answer of the shadow service. Default 10 000. */
  readonly timeout?: number | undefined;
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The device shadow of a thing. */
export interface Shadow<A> {
  /**
   * What is desired now, and after each change, decoded; `undefined` where the shadow has no such section, or there is no shadow.
   *
   * Subscribes, then asks for the shadow, and asks again after each gap, which is a `Left`. A version that is not above the last one is
   * left out, so that nothing old overtakes; a change of another section only is not emitted. What the codec does not accept is a
   * `Left(DecodeFailed)`. If asking fails or has no answer in time, there is one `Left`, and it is asked again after two seconds and then
   * after longer waits, up to a minute. Completes after a terminal `Left`, when draining begins, and after `close()`. Keeps the last
   * document in memory.
   */
  readonly desired$: ObservableEither<ShadowError, ShadowState<A | undefined>>;
  /** What is reported, as `desired$`. */
  readonly reported$: ObservableEither<ShadowError, ShadowState<A | undefined>>;
  /**
   * The members of what is desired that are reported differently or not at all, at any depth. Emits nothing if nothing differs; what
   * differs again after it was reported is emitted again. Otherwise as `desired$`.
   */
  readonly delta$: ObservableEither<ShadowError, ShadowState<ShadowPart<A>>>;
  /**
   * Reports: `values$.pipe(publishTo(shadow.reported, value => ({ state: { … } })))`, a stage as for messages, whose outcomes are the
   * shadow's answers. A report that the shadow refuses is a `ServiceFault` (`ShadowConflict`, `ShadowRejected`); one without an answer in
   * time is a `TimedOut` with an unknown outcome; one that is larger than 8 KiB, deeper than 6 levels or not JSON is an `InvalidRequest`,
   * and is not sent.
   */
  readonly reported: PublishPort<ShadowReport<A>, ShadowAccepted>;
  /** Reports once, as a task. */
  readonly report: (state: ShadowReport<A>['state'], version?: number) => RunnableTaskEither<PublishError, ShadowAccepted>;
}

const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const SHADOW_NAME = /^[$a-zA-Z0-9:_-]{1,64}$/;
const TIMEOUT = 10_000;

/**
 * The device shadow of a thing, over the MQTT proxy's `$aws/things/…/shadow/…` topics: on both nuclei, without a plugin. Needs the cloud,
 * or whoever answers these topics on the broker, as the local nucleus does.
 *
 * Pure and lazy: each stream subscribes to what it needs while somebody listens (`get/accepted`, `get/rejected`, `delete/accepted`, and
 * `update/documents` or `update/delta`; for reports `update/accepted` and `update/rejected`); all of one shadow share these subscriptions.
 * The recipe's policy for the MQTT proxy, and the IoT policy of the device, must allow these topics, and publishing to `get` and `update`.
 *
 * On Greengrass Lite, a message of more than 4 980 bytes that comes in is lost. `desired$` and `reported$` need documents, which have both
 * sections twice, so they are for small shadows there; `delta$` only gets the difference.
 *
 * @throws RangeError for a name that AWS IoT does not allow for a thing or a shadow.
 *
 * @example
 * ```ts
 * import { connect, onRights, publishTo, shadow } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const proxy = connect();
 * const heater = shadow(proxy, { thingName: 'oven-7', name: 'heater', codec: t.type({ celsius: t.number }) });
 * // Whatever is desired is done, and reported as done.
 * heater.delta$
 *   .pipe(onRights(delta$ => delta$.pipe(publishTo(heater.reported, ({ value }) => ({ state: value })))))
 *   .subscribe(outcome => console.log(outcome)); // Right({ by: 'shadow', … })
 * await proxy.close();
 * ```
 *
 * Source: AWS IoT Core developer guide, "Using shadows in devices" and "Device Shadow MQTT topics".
 */
export function shadow<A>(proxy: MqttProxy, options: ShadowOptions<A>): Shadow<A> {
  const { thingName = coreThingName(), name, codec, timeout = TIMEOUT, scheduler = asyncScheduler } = options;
  if (!THING_NAME.test(thingName))
    throw new RangeError(`thingName must be letters, digits, :, _ and -, at most 128, and is ${JSON.stringify(thingName)}.`);
  if (name !== undefined && !SHADOW_NAME.test(name))
    throw new RangeError(`name must be letters, digits, $, :, _ and -, at most 64, and is ${JSON.stringify(name)}.`);
  checkPositiveTime(timeout, 'timeout');
  const topics = shadowTopics(thingName, name);
  const context: ShadowContext = { proxy: shareSubscriptions(proxy), topics, timeout, scheduler };
  const reports = new ShadowReports(context, codec);
  const section = (of: Shown<A>['of']): Shadow<A>['desired$'] =>
    shadowView<A>(context, { on: 'documents', of, decode: value => validated(codec, value), tellsNone: true });
  // The codec of parts decodes parts of the values.
  const part = partOf(codec) as Type<ShadowPart<A>, unknown>;
  const delta$ = shadowView<ShadowPart<A>>(context, {
    on: 'delta',
    of: ({ delta }) => delta,
    decode: value => validated(part, value),
    tellsNone: false,
  });
  const rules: PortRules<ShadowReport<A>> = {
    operation: PUBLISH,
    topicOf: () => topics.update,
    topics: [topics.update],
    subscribes: [`${topics.update}/accepted`, `${topics.update}/rejected`],
    // One at a time, so that the last report stays.
    inFlightOf: () => 1,
    requestOf: () => {
      throw new TypeError('A shadow takes no answers: give respond the proxy.');
    },
  };
  // For any A: the codec knows how to encode it.
  const publish$ = (report: ShadowReport<A>): ObservableEither<PublishError, ShadowAccepted> =>
    reports.publish$(report as ShadowReport<never>);
  return {
    desired$: section(({ desired }) => desired),
    reported$: section(({ reported }) => reported),
    delta$: delta$ as Observable<Either<ShadowError, ShadowState<ShadowPart<A>>>>,
    reported: { publish$, state$: proxy.state$, holdDrain: () => proxy.holdDrain(), rules },
    report: (state, version) => () => firstValueFrom(publish$({ state, version })),
  };
}

/** The variable with the name of the core device's thing. Every nucleus sets it for components. */
const THING_VARIABLE = 'AWS_IOT_THING_NAME';

/** The name of the core device's thing where no nucleus says so: in a marble test, in a dry run, and at the local nucleus by default. */
const NO_NUCLEUS = 'local-thing';

/** The name of the core device's thing. */
export function coreThingName(): string {
  const name = process.env[THING_VARIABLE];
  return name === undefined || name === '' ? NO_NUCLEUS : name;
}
