/**
 * W3C trace context and spans of OpenTelemetry, from a message that comes to what is published because of it. The one entry that loads
 * `@opentelemetry/api`, which is an optional peer.
 *
 * @packageDocumentation
 */
export { inSpan } from './in-span.js';
export type { Traced } from './trace-context.js';
export {
  traced,
  type TracedLocalMessage,
  type TracedLocalOptions,
  type TracedLocalTopics,
  type TracedMessage,
  type TracedMqttProxy,
  type TracedOptions,
  type TracingOptions,
} from './traced.js';
export { traces } from './traces.js';
export { withTrace } from './with-trace.js';
