/**
 * The connection to the nucleus and the ports of its services: everything of them, down to the types of their parts. What a component
 * usually needs is in `greengrass-rx` too.
 *
 * @packageDocumentation
 */
export { connect, connectNucleus, type Nucleus } from './connect.js';
export type { ConnectOptions } from './connect-options.js';
export type { ConfigurationVerdict } from './configuration-changes.js';
export type { Configuration, ConfigurationError, ConfigurationKey } from './configuration.js';
export { drainOnSignal, type DrainOnSignalOptions } from './drain.js';
export type { ComponentUpdate, Lifecycle } from './lifecycle.js';
export type {
  LocalAccepted,
  LocalMatched,
  LocalMatchedReceived,
  LocalMessage,
  LocalPublishRequest,
  LocalReceived,
} from './local-message.js';
export type { LocalSubscribeRequest } from './local-request.js';
export type {
  LocalPatternSubscribeRequest,
  LocalPlainSubscribeRequest,
  LocalRequestMistakes,
  LocalSubscribeError,
  LocalTopics,
} from './local-topics.js';
export { payloadLimit } from './mqtt-request.js';
export { shadow, type Shadow, type ShadowOptions } from './shadow.js';
export type { ShadowAccepted, ShadowReport } from './shadow-report.js';
export type { ShadowPart, ShadowPatch } from './shadow-state.js';
export type { ShadowError, ShadowState } from './shadow-view.js';
export { shareSubscriptions, type ShareSubscriptionsOptions } from './share-subscriptions.js';
export type { ReceiveMode } from '../ipc/wire/shapes.js';
export type {
  Accepted,
  Capabilities,
  CloudStatus,
  CodecMistake,
  ConnectionState,
  DrainReport,
  Matched,
  MatchedReceived,
  Mqtt5Members,
  MqttMessage,
  MqttProxy,
  NotEncoded,
  PatternSubscribeRequest,
  PlainSubscribeRequest,
  Profile,
  PublishRequest,
  Received,
  RequestMistakes,
  RunnableTask,
  RunnableTaskEither,
  SilenceWatch,
  SubscribeRequest,
  SubscriptionStatus,
  UserProperty,
} from '../ports/mqtt-proxy.js';
export type { TransportName } from '../shared/profile.js';
export { type AnyQos, QOS } from '../shared/qos.js';
