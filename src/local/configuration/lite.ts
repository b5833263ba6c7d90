import { LITE_MAX_FRAME } from '../../ipc/wire/frame.js';
import { isJsonObject } from '../../shared/check-argument.js';
import type { LiteCall } from '../lite/call.js';
import { liteStored, liteStoredJson } from '../lite/replies.js';
import { INVALID_PARAMETERS, type Members } from '../lite/request.js';
import { shapeHeaders } from '../server/frames.js';

const getReply = shapeHeaders('GetConfigurationResponse', false, 'content last');
const updateReply = shapeHeaders('UpdateConfigurationResponse', false, 'content last');
const subscribeReply = shapeHeaders('SubscribeToConfigurationUpdateResponse', false, 'content last');
const event = shapeHeaders('ConfigurationUpdateEvents', false, 'content last');

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
  const frame = getReply.frame(streamId, `{"componentName":${JSON.stringify(componentName)},"value":${liteStoredJson(value)}}`);
  if (frame.length > LITE_MAX_FRAME) return call.failSilently('the answer is larger than what Greengrass Lite sends');
  call.reply(() => frame);
}

/**
 * `UpdateConfiguration` on Lite. Of one's own alone, and not of the policies. A write that is older than what is there is a success, and not
 * written.
 *
 * Source: `update_configuration.c` and `ggconfigd` of Greengrass Lite, in their order of checks, and as observed.
 */
export function liteUpdateConfiguration(call: LiteCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { keyPath = [], valueToMerge: value, timestamp } = members;
  const fail = (message: string): void => {
    call.fail(message, undefined, 'InvalidArgumentsError');
  };
  // An integer is none: it wants a number with a fraction.
  if (!Array.isArray(keyPath) || value === undefined || typeof timestamp !== 'number' || !isTexts(keyPath)) return fail(INVALID_PARAMETERS);
  const isPolicies = keyPath.length === 0 ? isJsonObject(value) && Object.hasOwn(value, 'accessControl') : keyPath[0] === 'accessControl';
  if (isPolicies) return fail('Config update is not allowed for following field [accessControl]');
  if (keyPath.length > MAX_DEPTH) return call.fail(TOO_DEEP);
  if (isDaemonDown(call)) return call.fail(NOT_UPDATED);
  const outcome = shared.context.configurations.merge(caller.component, keyPath, liteStored(value), Math.trunc(timestamp * 1000));
  if (outcome === 'failed' || outcome === 'full') return call.fail(NOT_UPDATED);
  call.reply(() => updateReply.frame(streamId, '{}'));
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
    caller.peer.send(event.frame(streamId, json), true);
  });
  if (stop === undefined) return call.fail('Key not found', undefined, 'ResourceNotFoundError');
  const release = isObserver ? (): void => undefined : shared.takeSlot();
  streams.keep(streamId, () => {
    stop();
    release();
  });
  call.reply(() => subscribeReply.frame(streamId, '{}'));
}

function isDaemonDown({ caller, shared }: LiteCall): boolean {
  return shared.context.faults.configurationDown.strike(caller.component) !== undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
