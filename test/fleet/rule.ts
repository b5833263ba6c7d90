import type { MqttMessage } from '../../src/ports/mqtt-proxy.js';

/**
 * What the derived rule makes of a message: the one part of AWS that no test can run. The names are those of the rule's statement, which
 * test/fleet/tables.test.ts holds against it.
 *
 * @param marks how the messages of the topic tell their id.
 */
export function ruled(
  message: MqttMessage,
  marks: 'wrap' | 'members' | undefined,
  device: string,
  arrivedAt: number,
): Readonly<Record<string, unknown>> {
  const beside = { device, topic: message.topicName, arrivedAt };
  if (marks === 'wrap') return { ...(JSON.parse(Buffer.from(message.payload).toString()) as object), ...beside };
  const payloadBase64 = Buffer.from(message.payload).toString('base64');
  if (marks === undefined) return { payloadBase64, ...beside };
  const property = (name: string): string | undefined => message.userProperties?.find(({ key }) => key === `outbox-${name}`)?.value;
  const number = (name: string): number | undefined => (property(name) === undefined ? undefined : Number(property(name)));
  return {
    payloadBase64,
    ...beside,
    epoch: property('epoch'),
    stream: property('stream'),
    number: number('number'),
    storedAt: number('stored-at'),
    attempt: number('attempt'),
    replayed: property('replayed') === 'true',
    oldest: number('oldest'),
  };
}
