import { isJsonObject } from '../../shared/check-argument.js';
import type { ClassicCall, Members } from '../classic/call.js';
import { gson, GsonNumber, hasNameTwice, plainOf } from '../classic/gson.js';
import { isObjectMember, MalformedMember, textListMember, textMember } from '../classic/request.js';
import { shapeHeaders } from '../server/frames.js';

const getReply = shapeHeaders('GetConfigurationResponse', true, 'content first');
const updateReply = shapeHeaders('UpdateConfigurationResponse', true, 'content first');
const subscribeReply = shapeHeaders('SubscribeToConfigurationUpdateResponse', false, 'content first');
const event = shapeHeaders('ConfigurationUpdateEvents', false, 'content first');

const NOT_FOUND = 'Key not found';

/**
 * `GetConfiguration` on the classic nucleus. Of any component, and without a policy.
 *
 * Source: `ConfigStoreIPCEventStreamAgent` of the nucleus, and as observed.
 */
export function classicGetConfiguration(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const componentName = textMember(members, 'componentName') ?? caller.component;
  const keyPath = textListMember(members, 'keyPath') ?? [];
  const found = shared.context.configurations.find(componentName, keyPath);
  if (found === undefined) return call.fail('ResourceNotFoundError', NOT_FOUND);
  const value = isJsonObject(found.value) ? found.value : { [found.path[found.path.length - 1] ?? '']: found.value };
  call.end(() => getReply.frame(streamId, gson({ componentName, value })));
}

/** A device has no such bound but its disk. */
const NO_ROOM =
  'The local nucleus keeps at most 10000 names, 100 levels and 4 MiB of what a component writes into its configuration, and has written nothing of this';

/**
 * `UpdateConfiguration` on the classic nucleus. Of one's own alone, and not of the policies.
 *
 * Source: `ConfigStoreIPCEventStreamAgent` of the nucleus, in its order of checks, and as observed.
 */
export function classicUpdateConfiguration(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const keyPath = textListMember(members, 'keyPath') ?? [];
  const time = secondsMember(members);
  const value = members['valueToMerge'] ?? undefined;
  if (value !== undefined && (!isObjectMember(value) || hasNameTwice(value))) throw new MalformedMember('valueToMerge');
  if (time === undefined) return call.fail('InvalidArgumentsError', 'Timestamp is required');
  if (value === undefined) return call.fail('InvalidArgumentsError', 'ValueToMerge is required');
  if (keyPath.length === 0 ? Object.hasOwn(value, 'accessControl') : keyPath[0] === 'accessControl')
    return call.fail('InvalidArgumentsError', 'Config update is not allowed for following fields [accessControl]');
  const outcome = shared.context.configurations.merge(caller.component, keyPath, plainOf(value), Math.trunc(time * 1000));
  if (outcome === 'full') return call.fail('ServiceError', NO_ROOM);
  if (outcome === 'older')
    return call.fail('FailedUpdateConditionCheckError', "Proposed timestamp is older than the config's latest modified timestamp");
  call.end(() => updateReply.frame(streamId, '{}'));
}

/**
 * `SubscribeToConfigurationUpdate` on the classic nucleus. What changes before the answer has been sent is not told.
 *
 * Source: `ConfigStoreIPCEventStreamAgent` of the nucleus, and as observed.
 */
export function classicSubscribeToConfiguration(call: ClassicCall, members: Members): void {
  const { caller, shared, streams, streamId } = call;
  const componentName = textMember(members, 'componentName') ?? caller.component;
  const keyPath = textListMember(members, 'keyPath') ?? [];
  let isActive = false;
  const stop = shared.context.configurations.watch(componentName, keyPath, path => {
    if (isActive) caller.peer.send(event.frame(streamId, gson({ configurationUpdateEvent: { componentName, keyPath: path } })), true);
  });
  if (stop === undefined) return call.fail('ResourceNotFoundError', NOT_FOUND);
  streams.keep(streamId, stop);
  call.begin(() => {
    isActive = true;
    return subscribeReply.frame(streamId, '{}');
  });
}

/** Epoch seconds, with or without a fraction, as a number or its text. */
function secondsMember(members: Members): number | undefined {
  const value = members['timestamp'];
  if (value === undefined || value === null) return undefined;
  const text = value instanceof GsonNumber ? value.text : value;
  const seconds = typeof text === 'number' || (typeof text === 'string' && text.trim() !== '') ? Number(text) : Number.NaN;
  if (!Number.isFinite(seconds)) throw new MalformedMember('timestamp');
  return seconds;
}
