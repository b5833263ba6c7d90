/**
 * What AWS IoT Core takes from one connection, and so from one device: all components of a device share the one MQTT connection of its nucleus.
 * Publishes over the first limit are discarded, by the cloud and without a word to the component; bytes over the second are delayed.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas": publish requests per second per connection,
 * throughput per second per connection.
 */
export const IOT_CORE_LIMITS: { readonly publishesPerConnection: number; readonly bytesPerConnection: number } = {
  /** Publishes a second. */
  publishesPerConnection: 100,
  /** Bytes a second, sent and received: 512 KiB. */
  bytesPerConnection: 512 * 1024,
};
