import type { Operation } from '../errors/errors.js';
import { requestHeadersLength } from '../ipc/wire/encode-request.js';
import { FRAME_OVERHEAD } from '../ipc/wire/frame.js';
import { PUBLISH } from '../shared/operations.js';
import { capabilitiesOf } from './capabilities.js';
import { encodePublish } from './encode-publish.js';
import type { PublishRequest } from '../ports/mqtt-message.js';
import type { Capabilities, Profile } from '../ports/mqtt-proxy.js';

/** The largest payload IoT Core takes ("AWS IoT Core message broker limits"); a larger one may cost the device its connection. */
export const MAX_PAYLOAD: number = 128 * 1024;

/** Bytes of a request's JSON that fit into one frame. */
export function requestRoom(operation: Operation, maxFrameBytes: number): number {
  return maxFrameBytes - FRAME_OVERHEAD - requestHeadersLength(operation);
}

/**
 * Bytes of the largest payload that can be published so: what `encodeBatches` and other shapers are told. IoT Core takes 128 KiB; on Greengrass
 * Lite the whole message must fit into one frame of 10 012 bytes, with its topic and MQTT 5 members, as JSON, and the payload as base64.
 *
 * @param to A profile, or what {@link MqttProxy.ready} found.
 * @param request Of several that differ, the one with the longest topic and members.
 * @returns 0 where not even an empty payload fits.
 *
 * @example
 * ```ts
 * import { payloadLimit, QOS } from 'greengrass-rx';
 *
 * const request = { topicName: 'plant/7/readings', qos: QOS.AT_LEAST_ONCE };
 * console.log(payloadLimit('classic', request)); // 131072
 * console.log(payloadLimit('lite', request)); // 7380, of a frame of 10 012
 * ```
 */
export function payloadLimit(to: Profile | Pick<Capabilities, 'maxFrameBytes'>, request: Omit<PublishRequest, 'payload'>): number {
  const { maxFrameBytes } = typeof to === 'string' ? capabilitiesOf(to, 'socket', undefined) : to;
  const room = requestRoom(PUBLISH, maxFrameBytes) - Buffer.byteLength(encodePublish({ ...request, payload: '' }));
  // Base64 makes four bytes of three.
  return Math.min(MAX_PAYLOAD, Math.max(0, Math.floor(room / 4) * 3));
}
