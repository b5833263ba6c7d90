/**
 * W3C trace context and spans of OpenTelemetry, from a message that comes to what is published because of it. The one entry that loads
 * `@opentelemetry/api`, which is an optional peer.
 *
 * @packageDocumentation
 */
export { inSpan } from './spans.js';
export type { Traced } from './trace-context.js';
export type { TracedLocalOptions, TracedOptions } from './kinds.js';
export type { TracingOptions } from './spans.js';
export {
  traced,
  type TracedLocalMatched,
  type TracedLocalMatchedReceived,
  type TracedLocalMessage,
  type TracedLocalReceived,
  type TracedLocalTopics,
  type TracedMatched,
  type TracedMatchedReceived,
  type TracedMessage,
  type TracedMqttProxy,
  type TracedReceived,
} from './traced.js';
export { traces } from './trace-context.js';
export { withTrace } from './messages.js';
