import type { Tracer } from '@opentelemetry/api';
import { defer, firstValueFrom, type Observable } from 'rxjs';
import type { LocalAccepted, LocalMatched, LocalMessage, LocalPublishRequest, LocalReceived } from '../client/local-message.js';
import type {
  LocalPatternSubscribeRequest,
  LocalPlainSubscribeRequest,
  LocalRequestMistakes,
  LocalSubscribeError,
  LocalTopics,
} from '../client/local-topics.js';
import type { LocalSubscribeRequest } from '../client/local-request.js';
import { portWith } from '../client/share-subscriptions.js';
import type { Decoder } from '../codec/codec.js';
import type { DecodeFailed, PublishError, SubscribeError } from '../errors/errors.js';
import { offerDirect, publishing, type Publishes, type Submit, submitTo } from '../flow/publish-job.js';
import type { AcceptedBy } from '../flow/publish-outcome.js';
import type {
  Accepted,
  Matched,
  MqttMessage,
  MqttProxy,
  PatternSubscribeRequest,
  PlainSubscribeRequest,
  PublishRequest,
  Received,
  RequestMistakes,
  RunnableTaskEither,
  SubscribeRequest,
} from '../ports/mqtt-proxy.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { topicFilterOf } from '../topic/topic-template.js';
import { localKind, mqttKind, type TracedLocalOptions, type TracedOptions } from './kinds.js';
import { atLargest, receiving, sending } from './messages.js';
import { tracerOf } from './spans.js';
import { type Traced, tracesOf } from './trace-context.js';

/** A message of a traced proxy, with the span of its receipt. */
export interface TracedMessage extends MqttMessage, Traced {}

/** One of a subscription to a template. */
export interface TracedMatched<out P> extends TracedMessage, Matched<P> {}

/** One of a subscription with a codec. */
export interface TracedReceived<out A> extends TracedMessage, Received<A> {}

/** One of a subscription to a template, with a codec. */
export interface TracedMatchedReceived<out P, out A> extends TracedMatched<P>, TracedReceived<A> {}

/** A message of traced local topics, with the span of its receipt. */
export interface TracedLocalMessage extends LocalMessage, Traced {}

/** One of a subscription to a template. */
export interface TracedLocalMatched<out P> extends TracedLocalMessage, LocalMatched<P> {}

/** One of a subscription with a codec. */
export interface TracedLocalReceived<out A> extends TracedLocalMessage, LocalReceived<A> {}

/** One of a subscription to a template, with a codec. */
export interface TracedLocalMatchedReceived<out P, out A> extends TracedLocalMatched<P>, TracedLocalReceived<A> {}

/** An MQTT proxy on which messages have a `trace`, and requests may have one. */
export interface TracedMqttProxy extends Omit<MqttProxy, 'subscribe' | 'publish$' | 'publish'> {
  /** `MqttProxy.subscribe`, with the `trace` of each message. */
  readonly subscribe: {
    <P, A>(
      request: PatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
    ): ObservableEither<SubscribeError | DecodeFailed<TracedMessage>, TracedMatchedReceived<P, A>>;
    <P>(request: PatternSubscribeRequest<P>): ObservableEither<SubscribeError | DecodeFailed<TracedMessage>, TracedMatched<P>>;
    <A>(
      request: SubscribeRequest & { readonly codec: Decoder<A> },
    ): ObservableEither<SubscribeError | DecodeFailed<TracedMessage>, TracedReceived<A>>;
    (request: PlainSubscribeRequest): ObservableEither<SubscribeError, TracedMessage>;
  };
  /** `MqttProxy.publish$`. The `trace` of a request says what it is published because of. */
  readonly publish$: (request: PublishRequest & RequestMistakes & Traced) => ObservableEither<PublishError, Accepted>;
  /** {@link TracedMqttProxy.publish$} as a task. */
  readonly publish: (request: PublishRequest & RequestMistakes & Traced) => RunnableTaskEither<PublishError, Accepted>;
  /** A request that a stage makes of a value, with the `trace` of that value unless it has one. */
  readonly causedBy: (request: PublishRequest, value: unknown) => PublishRequest;
  /** The request with the longest context that it may be sent with: an outbox refuses what would be too large then. */
  readonly atLargest: (request: PublishRequest) => PublishRequest;
}

/** Local topics on which messages have a `trace`, and requests may have one. */
export interface TracedLocalTopics extends Omit<LocalTopics, 'subscribe' | 'publish$' | 'publish' | 'causedBy'> {
  /** `LocalTopics.subscribe`, with the `trace` of each message. */
  readonly subscribe: {
    <P, A>(
      request: LocalPatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
    ): ObservableEither<LocalSubscribeError, TracedLocalMatchedReceived<P, A>>;
    <P>(request: LocalPatternSubscribeRequest<P>): ObservableEither<LocalSubscribeError, TracedLocalMatched<P>>;
    <A>(request: LocalSubscribeRequest & { readonly codec: Decoder<A> }): ObservableEither<LocalSubscribeError, TracedLocalReceived<A>>;
    (request: LocalPlainSubscribeRequest): ObservableEither<LocalSubscribeError, TracedLocalMessage>;
  };
  /** `LocalTopics.publish$`. The `trace` of a request says what it is published because of. */
  readonly publish$: (request: LocalPublishRequest & LocalRequestMistakes & Traced) => ObservableEither<PublishError, LocalAccepted>;
  /** {@link TracedLocalTopics.publish$} as a task. */
  readonly publish: (request: LocalPublishRequest & LocalRequestMistakes & Traced) => RunnableTaskEither<PublishError, LocalAccepted>;
  /** A request that a stage makes of a value, with the `trace` of that value unless it has one. */
  readonly causedBy: (request: LocalPublishRequest, value: unknown) => LocalPublishRequest;
}

/**
 * The same proxy, or the same local topics, with W3C trace context and spans of OpenTelemetry. A traced port gives each message a `trace`.
 * What is made of the message keeps it, as `{ ...message }` does, and whatever a traced port publishes because of it is in the same trace:
 * `publishTo` and `respond` read `trace` off the value, and a request may have one itself, which wins. Of several (a `batch`, the
 * `traces()` of a window) the publish begins a trace of its own, with a link to each, 32 at most.
 *
 * - *Receiving*: a span `process <filter>` for each message, a child of the span that sent it, from its arrival until all is done that is
 *   done with it at once. Its status is an error with the tag `DecodeFailed` where it could not be decoded.
 * - *Publishing*: a span `publish <topic>` for each try, until the nucleus has answered. A failure is its status, with the tag; a try that
 *   was given up has `error.type` `GivenUp`.
 * - *Stages*: {@link inSpan}.
 *
 * Attributes are those of the conventions for messaging, topics and sizes, never payloads. A malformed `traceparent` is no parent. What is
 * not sampled stays so. The span says (`greengrass_rx.trace.carrier`) where its context travels; that it cannot is also logged once, with
 * OpenTelemetry's `diag`.
 *
 * `@opentelemetry/api` is a peer of this entry alone. While no tracer provider is registered, everything goes straight to the port: no
 * spans, no `trace`, and messages as they are. A subscription has spans if there was a provider when it began.
 *
 * Memory: no more than the messages have, and the spans under way.
 *
 * @example
 * ```ts
 * import { connect, json, onRights, publishTo, QOS } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 * import { traced } from 'greengrass-rx/tracing';
 * import { filter, take } from 'rxjs';
 *
 * const proxy = traced(connect());
 * const outcomes$ = proxy.subscribe({ topicName: 'sensors/+', qos: QOS.AT_LEAST_ONCE, codec: json(t.type({ celsius: t.number })) }).pipe(
 *   onRights(messages$ =>
 *     messages$.pipe(
 *       filter(({ value }) => value.celsius > 30),
 *       // The value is the message, with its trace: the alarm is in the trace of the reading.
 *       publishTo(proxy, ({ value }) => ({ topicName: 'alarms', payload: JSON.stringify(value), qos: QOS.AT_LEAST_ONCE })),
 *     ),
 *   ),
 * );
 * outcomes$.pipe(take(1)).subscribe(outcome => console.log(outcome));
 * await proxy.close();
 * ```
 *
 * @see https://www.w3.org/TR/trace-context/
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function traced(proxy: MqttProxy, options?: TracedOptions): TracedMqttProxy;
export function traced(local: LocalTopics, options: TracedLocalOptions): TracedLocalTopics;
export function traced(port: MqttProxy | LocalTopics, options: TracedOptions = {}): TracedMqttProxy | TracedLocalTopics {
  return 'ready' in port ? tracedProxy(port, options) : tracedLocalTopics(port, options);
}

function tracedProxy(proxy: MqttProxy, { carrier = 'userProperties', tracerProvider }: TracedOptions): TracedMqttProxy {
  const tracer = tracerOf(tracerProvider);
  const kind = mqttKind(carrier);
  const obstacle = carrier === 'userProperties' ? lacksProperties(proxy) : undefined;
  const submit = sending<MqttMessage, PublishRequest, Accepted>(submitTo(proxy), tracer, kind, obstacle);
  const subscribe = (request: SubscribeRequest | PatternSubscribeRequest<unknown>): Observable<unknown> =>
    defer(() => {
      // Which overload it is, the proxy finds out from its members.
      const messages$ = proxy.subscribe(request as SubscribeRequest);
      const present = tracer();
      return present === undefined ? messages$ : receiving(messages$, topicFilterOf(request.topicName), present, kind);
    });
  const members = {
    subscribe: subscribe as TracedMqttProxy['subscribe'],
    atLargest: (request: PublishRequest) => (tracer() === undefined || obstacle?.() !== undefined ? request : atLargest(kind, request)),
  };
  return withWay(proxy, members, submit, tracer);
}

function tracedLocalTopics(local: LocalTopics, { carrier = 'none', tracerProvider }: TracedOptions): TracedLocalTopics {
  const tracer = tracerOf(tracerProvider);
  const kind = localKind(carrier === 'payload' ? carrier : 'none');
  const submit = sending<LocalMessage, LocalPublishRequest, LocalAccepted>(submitTo(local), tracer, kind);
  const subscribe = (request: LocalSubscribeRequest | LocalPatternSubscribeRequest<unknown>): Observable<unknown> =>
    defer(() => {
      // As above.
      const messages$ = local.subscribe(request as LocalSubscribeRequest);
      const present = tracer();
      return present === undefined ? messages$ : receiving(messages$, topicFilterOf(request.topic), present, kind);
    });
  return withWay(local, { subscribe: subscribe as TracedLocalTopics['subscribe'] }, submit, tracer);
}

/** The port with another way in, and another `subscribe`. */
function withWay<P extends Publishes<R, Acc>, S extends object, R extends object, Acc extends AcceptedBy>(
  port: P,
  members: S,
  submit: Submit<R & Traced, Acc>,
  tracer: () => Tracer | undefined,
): Omit<P, keyof S | 'publish$' | 'publish'> & S & TracedWay<R, Acc> {
  const publish$ = (request: R & Traced): ObservableEither<PublishError, Acc> => publishing(listener => submit(request, listener));
  const way: TracedWay<R, Acc> = {
    publish$,
    publish: request => () => firstValueFrom(publish$(request)),
    causedBy: (request, value) => {
      if (tracer() === undefined || ('trace' in request && request.trace !== undefined)) return request;
      const trace = tracesOf(value);
      return trace.length === 0 ? request : { ...request, trace };
    },
  };
  const made = { ...portWith(port, {}), ...members, ...way };
  offerDirect(made, submit);
  return made;
}

interface TracedWay<R, Acc> {
  readonly publish$: (request: R & Traced) => ObservableEither<PublishError, Acc>;
  readonly publish: (request: R & Traced) => RunnableTaskEither<PublishError, Acc>;
  readonly causedBy: (request: R, value: unknown) => R;
}

/** Whether the connected nucleus drops user properties, as far as is known. */
function lacksProperties(proxy: MqttProxy): () => string | undefined {
  let obstacle: string | undefined;
  let isHeard = false;
  return () => {
    if (!isHeard) {
      isHeard = true;
      proxy.state$.subscribe({
        next: state => {
          if (state.status === 'connected') obstacle = state.capabilities.mqtt5Members ? undefined : ON_LITE;
        },
        error: () => undefined,
      });
    }
    return obstacle;
  };
}

const ON_LITE =
  "This nucleus does not carry user properties. traced(proxy, { carrier: 'payload' }) puts the context into payloads that are JSON objects; { carrier: 'none' } says that it is meant so.";
