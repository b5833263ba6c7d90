import { LITE_MAX_FRAME } from '../../ipc/wire/frame.js';
import { isJsonObject, isTexts } from '../../shared/check-argument.js';
import type { ClassicCall } from '../classic/call.js';
import { gson, GsonNumber, hasNameTwice, plainOf } from '../classic/gson.js';
import { isObjectMember, MalformedMember, textListMember, textMember } from '../classic/request.js';
import { INVALID_PARAMETERS, type LiteCall } from '../lite/call.js';
import { liteStored, liteStoredJson } from '../lite/json.js';
import type { Members } from '../server/call.js';
import { shapeHeaders } from '../server/frames.js';

/** What the classic nucleus answers and tells. */
const CLASSIC = {
  get: shapeHeaders('GetConfigurationResponse', true, 'content first'),
  update: shapeHeaders('UpdateConfigurationResponse', true, 'content first'),
  subscribe: shapeHeaders('SubscribeToConfigurationUpdateResponse', false, 'content first'),
  event: shapeHeaders('ConfigurationUpdateEvents', false, 'content first'),
};

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
  call.end(() => CLASSIC.get.frame(streamId, gson({ componentName, value })));
}

/** On a device only the disk is the bound. */
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
  call.end(() => CLASSIC.update.frame(streamId, '{}'));
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
    if (isActive)
      caller.peer.send(CLASSIC.event.frame(streamId, gson({ configurationUpdateEvent: { componentName, keyPath: path } })), true);
  });
  if (stop === undefined) return call.fail('ResourceNotFoundError', NOT_FOUND);
  streams.keep(streamId, stop);
  call.begin(() => {
    isActive = true;
    return CLASSIC.subscribe.frame(streamId, '{}');
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

/** What Lite answers and tells. */
const LITE = {
  get: shapeHeaders('GetConfigurationResponse', false, 'content last'),
  update: shapeHeaders('UpdateConfigurationResponse', false, 'content last'),
  subscribe: shapeHeaders('SubscribeToConfigurationUpdateResponse', false, 'content last'),
  event: shapeHeaders('ConfigurationUpdateEvents', false, 'content last'),
};

/** Keys of one path: 15 levels, of which Lite needs three. */
const MAX_DEPTH = 12;
const NOT_UPDATED = 'Failed to update the configuration.';
const TOO_DEEP = 'Config path depth larger than supported.';

/**
 * `GetConfiguration` on Lite. Of any component, and without a policy.
 *
 * Source: `get_configuration.c` of Greengrass Lite, in its order of checks, and as observed.
 */
export function liteGetConfiguration(call: LiteCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { componentName = caller.component, keyPath = [] } = members;
  if (typeof componentName !== 'string' || !isTexts(keyPath)) return call.fail(INVALID_PARAMETERS);
  if (keyPath.length > MAX_DEPTH) return call.fail(TOO_DEEP);
  if (isDaemonDown(call)) return call.failSilently('the configuration daemon is away');
  const found = shared.context.configurations.find(componentName, keyPath);
  if (found === undefined) return call.fail('Key not found.', undefined, 'ResourceNotFoundError');
  const value = isJsonObject(found.value) ? found.value : { [keyPath[keyPath.length - 1] ?? '']: found.value };
  const frame = LITE.get.frame(streamId, `{"componentName":${JSON.stringify(componentName)},"value":${liteStoredJson(value)}}`);
  if (frame.length > LITE_MAX_FRAME) return call.failSilently('the answer is larger than what Greengrass Lite sends');
  call.reply(() => frame);
}

/**
 * `UpdateConfiguration` on Lite. Of one's own alone, and not of the policies. A write that is older than what is there is a success, and
 * not written.
 *
 * Source: `update_configuration.c` and `ggconfigd` of Greengrass Lite, in their order of checks, and as observed.
 */
export function liteUpdateConfiguration(call: LiteCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { keyPath = [], valueToMerge: value, timestamp } = members;
  const fail = (message: string): void => {
    call.fail(message, undefined, 'InvalidArgumentsError');
  };
  // An integer is refused: Lite wants a number with a fraction.
  if (!Array.isArray(keyPath) || value === undefined || typeof timestamp !== 'number' || !isTexts(keyPath)) return fail(INVALID_PARAMETERS);
  const isPolicies = keyPath.length === 0 ? isJsonObject(value) && Object.hasOwn(value, 'accessControl') : keyPath[0] === 'accessControl';
  if (isPolicies) return fail('Config update is not allowed for following field [accessControl]');
  if (keyPath.length > MAX_DEPTH) return call.fail(TOO_DEEP);
  if (isDaemonDown(call)) return call.fail(NOT_UPDATED);
  const outcome = shared.context.configurations.merge(caller.component, keyPath, liteStored(value), Math.trunc(timestamp * 1000));
  if (outcome === 'failed' || outcome === 'full') return call.fail(NOT_UPDATED);
  call.reply(() => LITE.update.frame(streamId, '{}'));
}

/**
 * `SubscribeToConfigurationUpdate` on Lite.
 *
 * Source: `subscribe_to_configuration_update.c` of Greengrass Lite, in its order of checks, and as observed.
 */
export function liteSubscribeToConfiguration(call: LiteCall, members: Members): void {
  const { caller, shared, streams, streamId } = call;
  const { componentName = caller.component, keyPath = [] } = members;
  if (typeof componentName !== 'string' || !Array.isArray(keyPath)) return call.fail('Failed to validate the map.');
  if (!isTexts(keyPath)) return call.fail('Received invalid parameters: keyPath must be list of strings.');
  if (keyPath.length > MAX_DEPTH) return call.fail(TOO_DEEP);
  const isObserver = shared.context.isObserver(caller.component);
  if ((!isObserver && !shared.hasSlot) || isDaemonDown(call)) return call.fail('Failed to subscribe to configuration update.');
  const stop = shared.context.configurations.watch(componentName, keyPath, path => {
    const json = JSON.stringify({ configurationUpdateEvent: { componentName, keyPath: path } });
    caller.peer.send(LITE.event.frame(streamId, json), true);
  });
  if (stop === undefined) return call.fail('Key not found', undefined, 'ResourceNotFoundError');
  const release = isObserver ? (): void => undefined : shared.takeSlot();
  streams.keep(streamId, () => {
    stop();
    release();
  });
  call.reply(() => LITE.subscribe.frame(streamId, '{}'));
}

function isDaemonDown({ caller, shared }: LiteCall): boolean {
  return shared.context.faults.configurationDown.strike(caller.component) !== undefined;
}
