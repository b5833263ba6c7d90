import { type ClassicCall, nullPointer } from '../classic/call.js';
import { gson } from '../classic/gson.js';
import { integerMember, isObjectMember, MalformedMember, textMember } from '../classic/request.js';
import { INVALID_PARAMETERS, type LiteCall } from '../lite/call.js';
import type { Members } from '../server/call.js';
import { shapeHeaders } from '../server/frames.js';

const classicStateReply = shapeHeaders('UpdateStateResponse', true, 'content first');
const liteStateReply = shapeHeaders('UpdateStateResponse', false, 'content last');
const reportReply = shapeHeaders('SendConfigurationValidityReportResponse', true, 'content first');
const deferReply = shapeHeaders('DeferComponentUpdateResponse', true, 'content first');
const validateReply = shapeHeaders('SubscribeToValidateConfigurationUpdatesResponse', false, 'content first');
const validateEvent = shapeHeaders('ValidateConfigurationUpdateEvents', false, 'content first');
const updatesReply = shapeHeaders('SubscribeToComponentUpdatesResponse', false, 'content first');
const updatesEvent = shapeHeaders('ComponentUpdatePolicyEvents', false, 'content first');

/** `UpdateState` on the classic nucleus, which answers a report that does not fit the present state with success too. */
export function classicUpdateState(call: ClassicCall, members: Members): void {
  const state = textMember(members, 'state');
  if (state !== 'RUNNING' && state !== 'ERRORED')
    return call.fail('ServiceError', nullPointer('ReportedLifecycleState.getValue()', 'reportedState'));
  call.caller.reported(state);
  call.end(() => classicStateReply.frame(call.streamId, '{}'));
}

/** `UpdateState` on Lite: any text is a state. Source: `update_state.c` of Greengrass Lite. */
export function liteUpdateState(call: LiteCall, { state }: Members): void {
  if (typeof state !== 'string') return call.fail(INVALID_PARAMETERS);
  call.caller.reported(state);
  call.reply(() => liteStateReply.frame(call.streamId, '{}'));
}

/** `SubscribeToValidateConfigurationUpdates`. Source: `ConfigStoreIPCEventStreamAgent` of the nucleus. */
export function classicValidateConfiguration(call: ClassicCall): void {
  const { caller, shared, streams, streamId } = call;
  const stop = shared.context.lifecycle.addValidator(caller.component, event => {
    caller.peer.send(validateEvent.frame(streamId, gson(event)), true);
  });
  streams.keep(streamId, stop);
  call.begin(() => validateReply.frame(streamId, '{}'));
}

/** `SendConfigurationValidityReport`, in the order of checks of `ConfigStoreIPCEventStreamAgent`. */
export function classicReportValidity(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const report = members['configurationValidityReport'] ?? undefined;
  if (report !== undefined && !isObjectMember(report)) throw new MalformedMember('configurationValidityReport');
  if (report === undefined) {
    const because = 'the return value of "software.amazon.awssdk.aws.greengrass.model.SendConfigurationValidityReportRequest';
    const text = 'Cannot invoke "software.amazon.awssdk.aws.greengrass.model.ConfigurationValidityReport.getDeploymentId()" because';
    return call.fail('ServiceError', `${text} ${because}.getConfigurationValidityReport()" is null`);
  }
  const deploymentId = textMember(report, 'deploymentId');
  if (deploymentId === undefined) {
    const text = 'Cannot accept configuration validity report, the deployment ID provided was null';
    return call.fail('InvalidArgumentsError', text);
  }
  const isAwaited = shared.context.lifecycle.report(caller.component, deploymentId, {
    status: textMember(report, 'status'),
    message: textMember(report, 'message'),
  });
  if (!isAwaited) return call.fail('InvalidArgumentsError', 'Validation request either timed out or was never made');
  call.end(() => reportReply.frame(streamId, '{}'));
}

/** `SubscribeToComponentUpdates`. Source: `LifecycleIPCEventStreamAgent` of the nucleus. */
export function classicSubscribeToUpdates(call: ClassicCall): void {
  const { caller, shared, streams, streamId } = call;
  const stop = shared.context.lifecycle.addUpdateSubscriber(caller.component, event => {
    caller.peer.send(updatesEvent.frame(streamId, gson(event)), true);
  });
  streams.keep(streamId, stop);
  call.begin(() => updatesReply.frame(streamId, '{}'));
}

/** `DeferComponentUpdate`, in the order of checks of `LifecycleIPCEventStreamAgent`. */
export function classicDeferUpdate(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { lifecycle } = shared.context;
  const deploymentId = textMember(members, 'deploymentId');
  const recheckAfter = integerMember(members, 'recheckAfterMs');
  if (!lifecycle.updateSubscribers.includes(caller.component))
    return call.fail('InvalidArgumentsError', 'Component is not subscribed to component update events');
  if (deploymentId === undefined) return call.fail('InvalidArgumentsError', 'Cannot defer the update, the deployment ID provided was null');
  if (lifecycle.defer(caller.component, deploymentId, recheckAfter) === 'too late')
    return call.fail('ServiceError', 'Time limit to respond to PreComponentUpdateEvent exceeded');
  call.end(() => deferReply.frame(streamId, '{}'));
}
