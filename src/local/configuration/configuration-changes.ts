import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../shared/json-object.js';

/** What has become of one place in a configuration. */
export interface ConfigurationChange {
  readonly path: readonly string[];
  readonly kind: 'created' | 'changed' | 'removed';
}

/**
 * The leaves in which two configurations differ, lists as a whole. A map that is gone is one change, and one that replaces a leaf a change of that
 * leaf before those of its own.
 */
export function configurationChanges(before: unknown, after: unknown, path: readonly string[] = []): readonly ConfigurationChange[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...Object.keys(before), ...Object.keys(after).filter(name => !Object.hasOwn(before, name))];
    return names.flatMap(name => configurationChanges(before[name], after[name], [...path, name]));
  }
  if (after === undefined) return before === undefined ? [] : [{ path, kind: 'removed' }];
  if (isJsonObject(after)) {
    const own: readonly ConfigurationChange[] = before === undefined ? [] : [{ path, kind: 'changed' }];
    return [...own, ...configurationChanges({}, after, path)];
  }
  if (before === undefined || isJsonObject(before)) return [{ path, kind: 'created' }];
  return isDeepStrictEqual(before, after) ? [] : [{ path, kind: 'changed' }];
}
