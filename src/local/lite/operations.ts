import {
  GET_CONFIGURATION,
  PUBLISH,
  PUBLISH_TO_TOPIC,
  SUBSCRIBE,
  SUBSCRIBE_STATUS,
  SUBSCRIBE_TO_CONFIGURATION_UPDATE,
  SUBSCRIBE_TO_TOPIC,
  UPDATE_CONFIGURATION,
  UPDATE_STATE,
} from '../../shared/operations.js';
import { liteGetConfiguration, liteSubscribeToConfiguration, liteUpdateConfiguration } from '../configuration/lite.js';
import { litePublishToTopic, liteSubscribeToTopic } from '../pubsub/lite.js';
import { Operations } from '../server/call.js';
import { followConnectionStatus } from '../server/caller.js';
import { shapeHeaders } from '../server/frames.js';
import { LiteCall, type LiteShared } from './call.js';
import { litePublish, liteSubscribe } from './mqtt-proxy.js';
import { INVALID_PARAMETERS, type Members, parseMembers } from './request.js';
import { liteStatusEvent, liteStatusReply } from './replies.js';

const stateReply = shapeHeaders('UpdateStateResponse', false, 'content last');

/** `UpdateState` on Lite: any text is a state. Source: `update_state.c` of Greengrass Lite. */
function liteUpdateState(call: LiteCall, { state }: Members): void {
  if (typeof state !== 'string') return call.fail(INVALID_PARAMETERS);
  call.caller.reported(state);
  call.reply(() => stateReply.frame(call.streamId, '{}'));
}

/** What Lite does and the local nucleus does not. Source: the services of `ggipcd`. */
const OFFERED: ReadonlySet<string> = new Set(
  ['CreateLocalDeployment', 'RestartComponent', 'ValidateAuthorizationToken'].map(name => `aws.greengrass#${name}`),
);

/** How an operation is done. */
type Handler = (call: LiteCall, members: Members) => void;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [PUBLISH, litePublish],
  [SUBSCRIBE, liteSubscribe],
  [
    SUBSCRIBE_STATUS,
    ({ caller, shared, streams, streamId }) => {
      streams.keep(streamId, followConnectionStatus(caller.peer, shared.context.link, streamId, liteStatusReply, liteStatusEvent));
    },
  ],
  [PUBLISH_TO_TOPIC, litePublishToTopic],
  [SUBSCRIBE_TO_TOPIC, liteSubscribeToTopic],
  [GET_CONFIGURATION, liteGetConfiguration],
  [UPDATE_CONFIGURATION, liteUpdateConfiguration],
  [SUBSCRIBE_TO_CONFIGURATION_UPDATE, liteSubscribeToConfiguration],
  [UPDATE_STATE, liteUpdateState],
]);

/** The operations of one authenticated connection to Greengrass Lite. */
export class LiteOperations extends Operations<LiteShared> {
  execute(streamId: number, operation: string, payload: string): void {
    this.caller.asks(operation, payload);
    const call = this.#call(streamId, operation);
    const members = parseMembers(payload);
    const handle = operation === SUBSCRIBE_STATUS && !this.shared.context.connectionStatus ? undefined : HANDLERS.get(operation);
    if (members === undefined) call.failSilently('the payload is not JSON that Greengrass Lite reads');
    else if (handle === undefined) this.#decline(call);
    else handle(call, members);
  }

  /**
   * What is not done here: as far as Lite's own checks go without the service, and then as an operation it does not know. The event says which
   * of the two lacks it, the client is not told.
   */
  #decline(call: LiteCall): void {
    const { operation } = call;
    if (OFFERED.has(operation)) call.failSilently(`Operation ${operation} is not supported by the local nucleus`);
    else call.failSilently(`Greengrass Lite has no operation ${operation}`);
  }

  /** Answers what is no request. */
  refuse(streamId: number, operation: string): void {
    this.#call(streamId, operation).failSilently('the message is not a request');
  }

  #call(streamId: number, operation: string): LiteCall {
    return new LiteCall(this, streamId, operation);
  }
}
