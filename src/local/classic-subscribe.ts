import type { ClassicCall, Members } from './classic-call.js';
import { classicEvent } from './classic-event.js';
import { classicSubscribeReply, type ClassicErrorCode } from './classic-replies.js';
import { textMember } from './classic-request.js';
import { classicTopicProblem } from './classic-topic-validator.js';
import { SubscribeExchange, type SubscribeForms } from './subscribe-exchange.js';

const FORMS: SubscribeForms = { reply: classicSubscribeReply, event: classicEvent, dropsEarlyMessages: true };

/** MQTT 5's reason code of a SUBACK for a filter that the broker's own policy does not allow. */
const NOT_AUTHORIZED = { reasonString: null, reasonCode: 135 };

/** What a subscribe that meets an offline device is told; the exception's own text depends on the version of the CRT. */
const OFFLINE =
  'java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: The connection to the MQTT broker is down';

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
  const refuse = (text: string, context?: Members): void => {
    fail('ServiceError', `Subscribe to topic ${filter} failed with error ${text}`, context);
  };
  const problem = classicTopicProblem(filter, 'subscribe');
  if (problem !== undefined) return refuse(`com.aws.greengrass.mqttclient.MqttRequestException: ${problem}`);
  if (faults.denySubscription.strike(caller.component)) return refuse('NOT_AUTHORIZED', NOT_AUTHORIZED);
  const begin = (): void => {
    activate(call, filter, qos === '1' ? 1 : 0);
  };
  if (link.isUp) return begin();
  if (link.wasEverUp) return refuse(OFFLINE);
  // Before the first connection to the cloud the reply waits for it, for days if need be.
  const cancel = link.onChange(() => {
    cancel();
    begin();
  });
  streams.keep(streamId, cancel);
}

function activate(call: ClassicCall, filter: string, qos: 0 | 1): void {
  const { caller, shared, streams, streamId } = call;
  const subscription = new SubscribeExchange(call, filter, qos, FORMS);
  streams.keep(streamId, () => {
    shared.table.remove(subscription);
    caller.unsubscribed(streamId, filter);
  });
  shared.table.add(subscription);
  caller.subscribed(streamId, filter);
  subscription.begin();
}
