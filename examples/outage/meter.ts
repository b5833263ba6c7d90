import { capped, exponential, QOS } from 'greengrass-rx';
import { forwardFrom, storeIn, type ForwardOptions, type ForwardPort, type Outbox } from 'greengrass-rx/outbox';
import type { Observable } from 'rxjs';

/** What the meter says. */
export interface Reading {
  readonly kWh: number;
}

export const TOPIC = 'meters/7';

const MINUTE = 60_000;

/** Its radio link takes a message a minute. While there is none it is tried every ten minutes, to save the battery. */
export const LINK: ForwardOptions = { messagesPerSecond: 1 / 60, retry: capped(10 * MINUTE)(exponential(10_000)) };

/** Every reading is on the disk before anything else is done with it; what is on the disk is sent when there is a connection. */
export const meter = (reading$: Observable<Reading>, outbox: Outbox, port: ForwardPort, options: ForwardOptions = LINK) => ({
  stored: reading$.pipe(storeIn(outbox, reading => ({ topicName: TOPIC, payload: JSON.stringify(reading), qos: QOS.AT_LEAST_ONCE }))),
  forwarded: forwardFrom(outbox, port, options),
});
