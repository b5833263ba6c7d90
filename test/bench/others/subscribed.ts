import { setTimeout as wait } from 'node:timers/promises';
import { connectAsync } from 'mqtt';

/** What MQTT 5 answers to a publish that nobody is subscribed to. */
const NO_MATCHING_SUBSCRIBERS = 0x10;
/** Between two questions, in milliseconds. */
const EVERY = 2;

/** Resolves when somebody has subscribed to a topic: whatever the program is, the broker knows. What asks is no reading. */
export async function subscribed(mqttUrl: string, topic: string, signal: AbortSignal): Promise<void> {
  const client = await connectAsync(mqttUrl, { protocolVersion: 5 });
  let subscribers = 0;
  client.on('packetreceive', packet => {
    if (packet.cmd === 'puback' && packet.reasonCode !== NO_MATCHING_SUBSCRIBERS) subscribers++;
  });
  try {
    for (;;) {
      await client.publishAsync(topic, 'is anybody there', { qos: 1 });
      if (subscribers > 0) return;
      await wait(EVERY, undefined, { signal });
    }
  } finally {
    await client.endAsync(true);
  }
}
