import { FrameDecoder } from '../../ipc/wire/frame.js';
import { encodeRpcMessage, MessageType, RPC_VERSION } from '../../ipc/wire/rpc-message.js';
import type { AccessControl } from '../../recipe/policy/access-control.js';
import type { Policies } from '../../recipe/policy/policies.js';
import { deviceSettings } from '../../recipe/interpolate.js';
import { encodeBase64 } from '../../shared/base64.js';
import { PUBLISH_TO_TOPIC } from '../../shared/operations.js';
import type { Peer, ProfileServer } from '../server/protocol.js';
import type { Tokens } from '../server/components.js';

/** A message to publish on a local topic: bytes, text (sent as UTF-8 bytes), or an object that travels as JSON. */
export type NeighbourMessage =
  | { readonly topic: string; readonly payload: Uint8Array | string; readonly json?: undefined }
  | { readonly topic: string; readonly payload?: undefined; readonly json: object };

/** Another component of the device, with no program behind it: it publishes on local topics what a test or a script says. */
export const NEIGHBOUR = 'com.example.Neighbour';

/** The policies of a component that may use every topic. */
export const EVERYTHING: AccessControl = {
  'aws.greengrass.ipc.mqttproxy': { 'everything:mqttproxy:1': { operations: ['*'], resources: ['*'] } },
  'aws.greengrass.ipc.pubsub': { 'everything:pubsub:1': { operations: ['*'], resources: ['*'] } },
};

/** Answers do not interest it; what the nucleus refuses is among its events. */
const NEIGHBOUR_PEER: Peer = {
  id: 0,
  send: () => undefined,
  end: () => undefined,
  cut: () => undefined,
  destroy: () => undefined,
  claimed: () => undefined,
  authenticated: () => undefined,
};

/** Lets the neighbour do everything. */
export function addNeighbour(tokens: Tokens, policies: Policies): void {
  tokens.add(NEIGHBOUR);
  policies.set(NEIGHBOUR, EVERYTHING, {
    componentName: NEIGHBOUR,
    componentVersion: '0.0.0',
    configuration: { accessControl: EVERYTHING },
    ...deviceSettings({}),
  });
}

/** Publishes on a local topic, on a connection made for this once. There is no socket in it, so faults of the socket do not strike it. */
export function publishAsNeighbour(server: ProfileServer, tokens: Tokens, { topic, payload, json }: NeighbourMessage): void {
  const publishMessage = json === undefined ? { binaryMessage: { message: base64(payload) } } : { jsonMessage: { message: json } };
  const protocol = server.accept(NEIGHBOUR_PEER);
  const decoder = new FrameDecoder(Infinity, frame => protocol.receive(frame));
  const connect = JSON.stringify({ authToken: tokens.of(NEIGHBOUR) });
  const request = JSON.stringify({ topic, publishMessage });
  decoder.push(encodeRpcMessage({ type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload: connect }));
  decoder.push(
    encodeRpcMessage({ type: MessageType.ApplicationMessage, flags: 0, streamId: 1, operation: PUBLISH_TO_TOPIC, payload: request }),
  );
  protocol.closed();
}

function base64(payload: Uint8Array | string): string {
  return typeof payload === 'string' ? Buffer.from(payload, 'utf8').toString('base64') : encodeBase64(payload);
}
