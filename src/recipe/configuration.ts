import { isJsonObject } from '../shared/check-argument.js';
import type { Profile } from '../shared/profile.js';

/** A component's configuration: what JSON can hold. */
export type Configuration = Readonly<Record<string, unknown>>;

/** A path as a JSON pointer (RFC 6901): `/a/b/0`. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The names that a JSON pointer goes through; `undefined` if it is none. */
export function pointerParts(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a deployment does to a component's configuration. */
export interface ConfigurationUpdate {
  /** JSON pointers of what goes back to the recipe's defaults, such as `/accessControl`; `''` for all of it. */
  readonly reset?: readonly string[] | undefined;
  /** What is laid over the configuration. Maps merge by key; anything else, lists too, is replaced whole. */
  readonly merge?: Configuration | undefined;
}

/** A configuration after a deployment. */
export interface UpdatedConfiguration {
  readonly configuration: Configuration;
  /** Before `merge` was laid over it: what is on the device, and the recipe's defaults where that has nothing. */
  readonly unmerged: Configuration;
  /** Paths of `reset` that no nucleus takes, and why. */
  readonly problems: readonly string[];
}

/**
 * A component's configuration after a deployment, as a device works it out: `reset` first, then the recipe's defaults where there
 * is nothing (what is on the device wins over a new recipe's), then `merge`. The names of a classic configuration are compared
 * ignoring case, those of Lite are not.
 *
 * Source: AWS IoT Greengrass developer guide, "Update component configurations"; `KernelConfigResolver` of the nucleus.
 */
export function updateConfiguration(
  profile: Profile,
  onDevice: Configuration,
  defaults: Configuration,
  { reset = [], merge = {} }: ConfigurationUpdate = {},
): UpdatedConfiguration {
  const problems: string[] = [];
  let configuration = onDevice;
  for (const pointer of reset) {
    const parts = pointerParts(pointer);
    if (parts === undefined) problems.push(`reset ${JSON.stringify(pointer)} does nothing: a JSON pointer begins with /`);
    else if (parts.some(part => /^\d+$/.test(part))) {
      problems.push(`reset ${JSON.stringify(pointer)} does nothing: an element of a list cannot be reset, only the list`);
    } else configuration = without(profile, configuration, parts);
  }
  const unmerged = overlay(profile, configuration, defaults, 'below');
  return { configuration: overlay(profile, unmerged, merge, 'above'), unmerged, problems };
}

/** The member of a configuration with this name, as the profile compares names. */
export function configured(profile: Profile, configuration: Configuration, name: string): unknown {
  const members = new Map(Object.entries(configuration));
  return members.get(keyOf(profile, members, name));
}

function overlay(profile: Profile, base: Configuration, other: Configuration, where: 'above' | 'below'): Configuration {
  const members = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(other)) {
    const key = keyOf(profile, members, name);
    const there = members.get(key);
    if (isJsonObject(there) && isJsonObject(value)) members.set(key, overlay(profile, there, value, where));
    else if (there === undefined || where === 'above') members.set(key, value);
  }
  return Object.fromEntries(members);
}

function without(profile: Profile, configuration: Configuration, path: readonly string[]): Configuration {
  const [name, ...rest] = path;
  if (name === undefined) return {};
  const members = new Map(Object.entries(configuration));
  const key = keyOf(profile, members, name);
  const inner = members.get(key);
  if (rest.length === 0) members.delete(key);
  else if (isJsonObject(inner)) members.set(key, without(profile, inner, rest));
  return Object.fromEntries(members);
}

/** A map and not an object: no name is taken for one that every object inherits. */
function keyOf(profile: Profile, members: ReadonlyMap<string, unknown>, name: string): string {
  if (profile === 'lite' || members.has(name)) return name;
  return [...members.keys()].find(key => key.toLowerCase() === name.toLowerCase()) ?? name;
}
