import { encodeLocalPublish, localPublishProblem, type LocalPublishRequest } from '../client/local-message.js';
import { encodeRequest } from '../ipc/wire/encode-request.js';
import { FrameDecoder } from '../ipc/wire/frame-decoder.js';
import { encodeRpcMessage, MessageType, RPC_VERSION } from '../ipc/wire/rpc-message.js';
import type { Peer, ProfileServer } from '../local/server/protocol.js';
import type { Tokens } from '../local/server/tokens.js';
import type { AccessControl } from '../recipe/policy/access-control.js';
import type { Policies } from '../recipe/policy/policies.js';
import { PUBLISH_TO_TOPIC } from '../shared/operations.js';

/** The component of a nucleus in memory. */
export const COMPONENT = 'com.example.Component';
/** Another one of its device, which publishes on local topics what is drawn there. */
export const NEIGHBOUR = 'com.example.Neighbour';

export const EVERYTHING: AccessControl = {
  'aws.greengrass.ipc.mqttproxy': { 'everything:mqttproxy:1': { operations: ['*'], resources: ['*'] } },
  'aws.greengrass.ipc.pubsub': { 'everything:pubsub:1': { operations: ['*'], resources: ['*'] } },
};

/** Gives a component its policies. */
export function allow(policies: Policies, componentName: string, accessControl: AccessControl): void {
  policies.set(componentName, accessControl, {
    componentName,
    componentVersion: '0.0.0',
    configuration: { accessControl },
    thingName: 'memory-thing',
    rootPath: '/greengrass/v2',
  });
}

/** Answers do not interest the neighbour. */
const UNHEARING: Peer = {
  id: 0,
  send: () => undefined,
  end: () => undefined,
  cut: () => undefined,
  destroy: () => undefined,
  authenticated: () => undefined,
};

/**
 * Publishes on a local topic, on a connection of its own for this once.
 *
 * @throws TypeError for what no nucleus takes.
 */
export function publishAsNeighbour(server: ProfileServer, tokens: Tokens, request: LocalPublishRequest): void {
  const problem = localPublishProblem(request);
  if (problem !== undefined) throw new TypeError(problem.message);
  const protocol = server.accept(UNHEARING);
  const decoder = new FrameDecoder(Infinity, frame => protocol.receive(frame));
  const connect = JSON.stringify({ authToken: tokens.of(NEIGHBOUR) });
  decoder.push(encodeRpcMessage({ type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload: connect }));
  decoder.push(encodeRequest(PUBLISH_TO_TOPIC, 1, encodeLocalPublish(request)));
  protocol.closed();
}
