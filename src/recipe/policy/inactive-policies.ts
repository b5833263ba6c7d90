import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../shared/json-object.js';

/** A policy of a recipe under whose id a device has another one, which wins. */
export interface InactivePolicy {
  readonly service: string;
  readonly id: string;
}

/**
 * The policies of a recipe's `accessControl` that would not take effect on a device that has `onDevice`: under the same id it
 * keeps what it has, member by member.
 */
export function inactivePolicies(accessControl: unknown, onDevice: unknown): readonly InactivePolicy[] {
  if (!isJsonObject(accessControl) || !isJsonObject(onDevice)) {
    const isSame = accessControl === undefined || onDevice === undefined || isDeepStrictEqual(accessControl, onDevice);
    return isSame ? [] : [{ service: 'accessControl', id: '*' }];
  }
  return Object.entries(accessControl).flatMap(([service, policies]) => {
    const there = onDevice[service];
    if (!isJsonObject(policies) || !isJsonObject(there)) return [];
    return Object.keys(policies)
      .filter(id => there[id] !== undefined && !isDeepStrictEqual(policies[id], there[id]))
      .map(id => ({ service, id }));
  });
}
