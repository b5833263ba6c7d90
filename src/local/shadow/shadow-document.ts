import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, ownMember } from '../../shared/check-argument.js';

/** The two sides of a shadow's state: what it is to be, and what the device says it is. */
export const SHADOW_SECTIONS = ['desired', 'reported'] as const;
export type ShadowSection = (typeof SHADOW_SECTIONS)[number];

/** A shadow as it stands: the state of each side, and when each of its values was written, in seconds since 1970. */
export interface ShadowDocument {
  readonly state: Partial<Readonly<Record<ShadowSection, JsonObject>>>;
  readonly metadata: Partial<Readonly<Record<ShadowSection, JsonObject>>>;
  readonly version: number;
}

/** What an update says of each side: members to lay over it, `null` to remove it; `undefined` leaves it as it is. */
export type ShadowPatch = Partial<Readonly<Record<ShadowSection, JsonObject | null>>>;

/** The document after an update, of the next version. A null deletes what it stands for; lists are whole. */
export function updated(before: ShadowDocument | undefined, patch: ShadowPatch, version: number, seconds: number): ShadowDocument {
  const state: Partial<Record<ShadowSection, JsonObject>> = {};
  const metadata: Partial<Record<ShadowSection, JsonObject>> = {};
  for (const section of SHADOW_SECTIONS) {
    const change = patch[section];
    const old = before?.state[section];
    const now = change === undefined ? old : change === null ? undefined : merged(old ?? {}, change);
    // A side with nothing in it is none.
    if (now === undefined || Object.keys(now).length === 0) continue;
    state[section] = now;
    const times = change === undefined ? before?.metadata[section] : timesOf(now, change, before?.metadata[section], seconds);
    if (isJsonObject(times)) metadata[section] = times;
  }
  return { state, metadata, version };
}

/** What the update itself wrote, with its time: also of what it deleted. */
export function patchTimes(patch: ShadowPatch, seconds: number): JsonObject {
  return mapMembers(
    SHADOW_SECTIONS.filter(section => isJsonObject(patch[section])),
    section => timesOf(patch[section], patch[section], undefined, seconds),
  );
}

/** What is desired and not reported, with its times; `undefined` where there is no difference. */
export function delta({ state, metadata }: ShadowDocument): { readonly state: JsonObject; readonly metadata: unknown } | undefined {
  const { desired, reported = {} } = state;
  if (desired === undefined) return undefined;
  const difference = differenceOf(desired, reported);
  return difference === undefined ? undefined : { state: difference, metadata: timesAt(difference, metadata.desired) };
}

function merged(old: JsonObject, patch: JsonObject): JsonObject {
  const members = new Map(Object.entries(old));
  for (const [name, value] of Object.entries(patch)) {
    const there = members.get(name);
    if (value === null) members.delete(name);
    else if (!isJsonObject(value)) members.set(name, value);
    else {
      const map = merged(isJsonObject(there) ? there : {}, value);
      // A map in which nothing is left, and that was none before, is not made.
      if (isJsonObject(there) || Object.keys(map).length > 0) members.set(name, map);
    }
  }
  return Object.fromEntries(members);
}

/** The times of a value after an update: those of before, but where the update has written. */
function timesOf(value: unknown, patch: unknown, before: unknown, seconds: number): unknown {
  if (Array.isArray(value)) return value.map(each => timesOf(each, each, undefined, seconds));
  if (!isJsonObject(value)) return { timestamp: seconds };
  const changes = isJsonObject(patch) ? patch : {};
  const times = isJsonObject(before) ? before : {};
  return mapMembers(Object.keys(value), name =>
    Object.hasOwn(changes, name) ? timesOf(value[name], changes[name], ownMember(times, name), seconds) : ownMember(times, name),
  );
}

function differenceOf(desired: JsonObject, reported: JsonObject): JsonObject | undefined {
  const members = Object.entries(desired).flatMap(([name, value]): [string, unknown][] => {
    const other = ownMember(reported, name);
    if (!isJsonObject(value) || !isJsonObject(other)) return isDeepStrictEqual(value, other) ? [] : [[name, value]];
    const inner = differenceOf(value, other);
    return inner === undefined ? [] : [[name, inner]];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function timesAt(difference: unknown, times: unknown): unknown {
  if (!isJsonObject(difference) || !isJsonObject(times)) return times;
  return mapMembers(Object.keys(difference), name => timesAt(difference[name], ownMember(times, name)));
}

function mapMembers<K extends string>(names: readonly K[], value: (name: K) => unknown): JsonObject {
  return Object.fromEntries(names.map(name => [name, value(name)]));
}
