import type { ClassicCall, Members } from './classic-call.js';
import { classicEvent } from './classic-event.js';
import { classicSubscribeReply, type ClassicErrorCode } from './classic-replies.js';
import { textMember } from './classic-request.js';
import { classicTopicProblem } from './classic-topic-validator.js';
import { SubscribeExchange, type SubscribeForms } from '../server/subscribe-exchange.js';

const FORMS: SubscribeForms = { reply: classicSubscribeReply, event: classicEvent, dropsEarlyMessages: true, about: 'subscribe' };

/** MQTT 5's reason code of a SUBACK for a filter that the broker's own policy does not allow. */
const NOT_AUTHORIZED = { reasonString: null, reasonCode: 135 };

const CRT_EXCEPTION = 'java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: ';
/** What a subscribe that meets an offline device is told. */
const OFFLINE =
  CRT_EXCEPTION +
  "Mqtt5 operation failed due to a disconnection event in conjunction with the client's offline queue retention policy. " +
  'AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY(5156).';
/** A filter that MQTT does not allow. It never leaves the device. */
const INVALID_FILTER = CRT_EXCEPTION + 'Invalid mqtt5 subscribe packet options value. AWS_ERROR_MQTT5_SUBSCRIBE_OPTIONS_VALIDATION(5144)';

/**
 * `SubscribeToIoTCore` on the classic nucleus.
 *
 * Source: `MqttProxyIPCAgent` and `MqttClient.subscribe` of the nucleus, in their order of checks.
 */
export function classicSubscribe(call: ClassicCall, members: Members): void {
  const { caller, shared, streams, streamId, operation } = call;
  const { faults, link } = shared.context;
  const filter = textMember(members, 'topicName');
  const qos = textMember(members, 'qos');
  const fail = (code: ClassicErrorCode, message: string, context?: Members): void => {
    call.fail(code, message, filter, context);
  };
  if (filter === undefined) return fail('InvalidArgumentsError', 'Topic is required');
  if (!caller.may(operation, filter)) return fail('UnauthorizedError', 'Not Authorized');
  if (qos === undefined) return fail('InvalidArgumentsError', 'QoS is required');
  if (qos !== '0' && qos !== '1') return fail('InvalidArgumentsError', `Invalid QoS value: ${qos}`);
  const refuse: Refuse = (text, context) => {
    fail('ServiceError', `Subscribe to topic ${filter} failed with error ${text}`, context);
  };
  const problem = classicTopicProblem(filter, 'subscribe', shared.limits.mqttVersion);
  if (problem !== undefined) return refuse(`com.aws.greengrass.mqttclient.MqttRequestException: ${problem}`);
  if (faults.denySubscription.strike(caller.component)) return refuse('NOT_AUTHORIZED', NOT_AUTHORIZED);
  const begin = (): void => {
    activate(call, filter, qos === '1' ? 1 : 0, refuse);
  };
  if (link.wasEverUp) return begin();
  // Before the first connection to the cloud the reply waits for it, for days if need be.
  const cancel = link.onChange(() => {
    cancel();
    begin();
  });
  streams.keep(streamId, cancel);
}

/** The answer follows the broker's SUBACK, as on a device. */
function activate(call: ClassicCall, filter: string, qos: 0 | 1, refuse: Refuse): void {
  const { caller, shared, streams, streamId } = call;
  const subscription = new SubscribeExchange(call, filter, qos, FORMS);
  let active = false;
  streams.keep(streamId, () => {
    shared.table.remove(subscription);
    if (active) caller.unsubscribed(streamId, filter);
  });
  shared.table.add(subscription, answer => {
    // The client may have given up meanwhile.
    if (!streams.has(streamId)) return;
    if (answer !== 'granted') {
      // Not only at the stream's end, which a fault may keep back.
      shared.table.remove(subscription);
      if (answer === 'offline') return refuse(OFFLINE);
      if (answer === 'invalid filter') return refuse(INVALID_FILTER);
      return refuse(reasonName(answer.reasonCode), { ...answer });
    }
    active = true;
    subscription.begin();
    // An observer may publish at once, and what it publishes is heard.
    caller.subscribed(streamId, filter);
  });
}

/** Refuses a subscribe. */
type Refuse = (text: string, context?: Members) => void;

/** The nucleus' own names of a SUBACK's reason codes. */
const REASON_NAMES: Readonly<Record<number, string>> = {
  128: 'UNSPECIFIED_ERROR',
  131: 'IMPLEMENTATION_SPECIFIC_ERROR',
  135: 'NOT_AUTHORIZED',
  143: 'TOPIC_FILTER_INVALID',
  145: 'PACKET_IDENTIFIER_IN_USE',
  151: 'QUOTA_EXCEEDED',
  158: 'SHARED_SUBSCRIPTIONS_NOT_SUPPORTED',
  161: 'SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED',
  162: 'WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED',
};

const reasonName = (code: number): string => REASON_NAMES[code] ?? 'UNSPECIFIED_ERROR';
