/**
 * Reactive streams over the MQTT proxy of AWS IoT Greengrass: what a component imports.
 *
 * @packageDocumentation
 */
export * from './codec/index.js';
export * from './errors/errors.js';
export * from './flow/index.js';
export { connect } from './client/connect.js';
export { connectNucleus, type Nucleus } from './client/connect.js';
export type { ConfigurationVerdict } from './client/configuration-changes.js';
export type { Configuration, ConfigurationError, ConfigurationKey } from './client/configuration.js';
export type { ComponentUpdate, Lifecycle } from './client/lifecycle.js';
export type { LocalAccepted, LocalMessage, LocalPublishRequest, LocalSubscribeRequest } from './client/local-message.js';
export type { LocalPatternSubscribeRequest, LocalSubscribeError, LocalTopics } from './client/local-topics.js';
export type { ReceiveMode } from './ipc/wire/shapes.js';
export type { ConnectOptions } from './client/connect-options.js';
export type { Mqtt5Members, MqttMessage, PublishRequest, UserProperty } from './ports/mqtt-message.js';
export type {
  Accepted,
  Capabilities,
  CloudStatus,
  ConnectionState,
  DrainReport,
  MqttProxy,
  PatternSubscribeRequest,
  Profile,
  RunnableTask,
  RunnableTaskEither,
  SilenceWatch,
  SubscribeRequest,
  SubscriptionStatus,
} from './ports/mqtt-proxy.js';
export { payloadLimit } from './client/mqtt-request.js';
export { shadow, type Shadow, type ShadowOptions } from './client/shadow.js';
export type { ShadowAccepted, ShadowReport } from './client/shadow-report.js';
export type { ShadowPart, ShadowPatch } from './client/shadow-state.js';
export type { ShadowError, ShadowState } from './client/shadow-view.js';
export { shareSubscriptions, type ShareSubscriptionsOptions } from './client/share-subscriptions.js';
export { drainOnSignal, type DrainOnSignalOptions } from './client/drain.js';
export { type AnyQos, QOS } from './shared/qos.js';
export * from './schedule/index.js';
export { type Retry, retryErrorsWith, type RetryOptions, retryWith, type RetryWithOptions } from './stream/retry.js';
export {
  absorbKinds,
  absorbTags,
  catchTag,
  catchTags,
  type Caught,
  endAtTerminal,
  type ErrorOf,
  type KindOf,
  type LeftOf,
  lefts,
  matchKinds,
  matchTags,
  mergeW,
  type ObservableEither,
  type OfKind,
  onRights,
  orThrow,
  partition,
  type Partitioned,
  type PassingError,
  type RightOf,
  rights,
  runToEnd,
  type RunToEndOptions,
  tapLeft,
  type ValueOf,
} from './stream/index.js';
/** `ObservableEither` as fp-ts knows such types: `OE.map`, `OE.chain`, `OE.Do` and the instances, for its `pipe`. */
export * as OE from './stream/index.js';
export * from './topic/index.js';
export type { TransportName } from './shared/profile-name.js';
export * from './sinks/index.js';
