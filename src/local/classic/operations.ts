import {
  DEFER_COMPONENT_UPDATE,
  GET_CONFIGURATION,
  isModelledElsewhere,
  PUBLISH,
  PUBLISH_TO_TOPIC,
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE,
  SUBSCRIBE_STATUS,
  SUBSCRIBE_TO_COMPONENT_UPDATES,
  SUBSCRIBE_TO_CONFIGURATION_UPDATE,
  SUBSCRIBE_TO_TOPIC,
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  UPDATE_CONFIGURATION,
  UPDATE_STATE,
} from '../../shared/operations.js';
import { classicGetConfiguration, classicSubscribeToConfiguration, classicUpdateConfiguration } from '../configuration/operations.js';
import {
  classicDeferUpdate,
  classicReportValidity,
  classicSubscribeToUpdates,
  classicUpdateState,
  classicValidateConfiguration,
} from '../lifecycle/operations.js';
import { classicPublishToTopic, classicSubscribeToTopic, PUBLISH_TO_TOPIC_NULL, SUBSCRIBE_TO_TOPIC_NULL } from '../pubsub/operations.js';
import { followConnectionStatus, type Members, notInLocalNucleus, Operations } from '../server/call.js';
import {
  ClassicCall,
  classicInternalError,
  type ClassicShared,
  classicStatusEvent,
  classicStatusReply,
  classicUnsupported,
  nullPointer,
} from './call.js';
import { classicPublish, classicSubscribe } from './mqtt-proxy.js';
import { MalformedMember, parseGson } from './request.js';

/** How an operation is done. */
interface Handler {
  readonly handle: (call: ClassicCall, members: Members) => void;
  /** What Java says where there is no request. Left out: the request is not looked at. */
  readonly ofNothing?: string;
  /** Whether it matters that a name in the request came twice. */
  readonly isExact?: true;
}

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [PUBLISH, { handle: classicPublish, ofNothing: nullPointer('PublishToIoTCoreRequest.getTopicName()', 'request') }],
  [SUBSCRIBE, { handle: classicSubscribe, ofNothing: nullPointer('SubscribeToIoTCoreRequest.getTopicName()', 'request') }],
  [
    SUBSCRIBE_STATUS,
    {
      handle: ({ caller, shared, streams, streamId }) => {
        streams.keep(streamId, followConnectionStatus(caller.peer, shared.context.link, streamId, classicStatusReply, classicStatusEvent));
      },
      ofNothing: nullPointer('SubscribeToIoTCoreConnectionStatusRequest.getTopicName()', 'request'),
    },
  ],
  [PUBLISH_TO_TOPIC, { handle: classicPublishToTopic, ofNothing: PUBLISH_TO_TOPIC_NULL, isExact: true }],
  [GET_CONFIGURATION, { handle: classicGetConfiguration, ofNothing: nullPointer('GetConfigurationRequest.getComponentName()', 'request') }],
  [
    UPDATE_CONFIGURATION,
    { handle: classicUpdateConfiguration, ofNothing: nullPointer('UpdateConfigurationRequest.getTimestamp()', 'request'), isExact: true },
  ],
  [
    SUBSCRIBE_TO_CONFIGURATION_UPDATE,
    {
      handle: classicSubscribeToConfiguration,
      ofNothing: nullPointer('SubscribeToConfigurationUpdateRequest.getComponentName()', 'request'),
    },
  ],
  [UPDATE_STATE, { handle: classicUpdateState, ofNothing: nullPointer('UpdateStateRequest.getState()', 'request') }],
  [SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES, { handle: classicValidateConfiguration }],
  [
    SEND_CONFIGURATION_VALIDITY_REPORT,
    {
      handle: classicReportValidity,
      ofNothing: nullPointer('SendConfigurationValidityReportRequest.getConfigurationValidityReport()', 'request'),
    },
  ],
  [SUBSCRIBE_TO_COMPONENT_UPDATES, { handle: classicSubscribeToUpdates }],
  [
    DEFER_COMPONENT_UPDATE,
    { handle: classicDeferUpdate, ofNothing: nullPointer('DeferComponentUpdateRequest.getDeploymentId()', 'request') },
  ],
  [SUBSCRIBE_TO_TOPIC, { handle: classicSubscribeToTopic, ofNothing: SUBSCRIBE_TO_TOPIC_NULL }],
]);

/** The operations of one authenticated connection to a classic nucleus. */
export class ClassicOperations extends Operations<ClassicShared> {
  execute(streamId: number, operation: string, payload: string): void {
    this.caller.asks(operation, payload);
    const call = new ClassicCall(this, streamId, operation);
    const handler = operation === SUBSCRIBE_STATUS && !this.shared.context.connectionStatus ? undefined : HANDLERS.get(operation);
    if (handler === undefined) {
      this.#refuse(call);
      return;
    }
    try {
      const request = parseGson(payload, handler.isExact ?? false);
      // A missing request is a null pointer inside the handler, and what Java says of it the text of the error.
      if (request.kind === 'null' && handler.ofNothing !== undefined) call.fail('ServiceError', handler.ofNothing);
      else if (request.kind === 'malformed') throw new MalformedMember('request');
      else handler.handle(call, request.kind === 'null' ? {} : request.members);
    } catch (error) {
      if (!(error instanceof MalformedMember)) throw error;
      this.caller.failed(operation, 'InternalServerError', `malformed ${error.message}`, undefined);
      this.caller.peer.send(classicInternalError(streamId), false);
    }
  }

  #refuse(call: ClassicCall): void {
    const { operation, streamId } = call;
    if (isModelledElsewhere(operation)) {
      call.fail('ServiceError', notInLocalNucleus(operation));
      return;
    }
    this.caller.failed(operation, 'UnsupportedOperation', `${operation} is an unsupported operation.`, undefined);
    this.caller.peer.send(classicUnsupported(streamId, operation), false);
  }
}
