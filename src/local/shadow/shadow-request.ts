import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, ownMember, parsedJson } from '../../shared/check-argument.js';

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

/** Which shadow a topic is about, and what is asked of it. */
export interface ShadowTopic {
  /** `$aws/things/T/shadow`, or `$aws/things/T/shadow/name/N`. */
  readonly prefix: string;
  /** As errors call it. */
  readonly shadow: string;
  readonly operation: 'get' | 'update' | 'delete';
}

/** Why a request is rejected: an HTTP status and the sentence of the service. */
export interface ShadowRejection {
  readonly code: number;
  readonly message: string;
}

/** What a request says. Of one that only asks or deletes, the token alone. */
export interface ShadowRequest {
  readonly clientToken: string | undefined;
  readonly patch: ShadowPatch;
  /** Only if this is the version there is. */
  readonly version: number | undefined;
  /** As `update/accepted` repeats it. */
  readonly state: ShadowPatch | null;
}

/** A request that is refused, with its token if that could be read. */
export interface RefusedRequest {
  readonly clientToken: string | undefined;
  readonly rejection: ShadowRejection;
}

const TOPIC =
  /^(?<prefix>\$aws\/things\/(?<thing>[\w:-]{1,128})\/shadow(?:\/name\/(?<name>[\w:-]{1,64}))?)\/(?<operation>get|update|delete)$/;
/** Bytes of a `clientToken`. */
const TOKEN_BYTES = 64;
/** Maps and lists inside each other, `desired` and `reported` among them. */
const LEVELS = 6;

/** `undefined`: not a topic on which something is asked of a shadow, or of a name that no thing and no shadow can have. */
export function readShadowTopic(topicName: string): ShadowTopic | undefined {
  const { prefix, thing, name, operation } = TOPIC.exec(topicName)?.groups ?? {};
  if (prefix === undefined || thing === undefined) return undefined;
  if (operation !== 'get' && operation !== 'update' && operation !== 'delete') return undefined;
  return { prefix, shadow: name === undefined ? thing : `${thing}~${name}`, operation };
}

/**
 * Reads what was published on a shadow's topic.
 *
 * Source: AWS IoT Core developer guide, "Device Shadow error messages" and "Device Shadow service documents".
 */
export function readShadowRequest(operation: ShadowTopic['operation'], payload: Uint8Array): ShadowRequest | RefusedRequest {
  const nothing: ShadowRequest = { clientToken: undefined, patch: {}, version: undefined, state: null };
  if (payload.length === 0 && operation !== 'update') return nothing;
  const json = readJson(payload);
  if (!isJsonObject(json)) return refused(undefined, json === 'not UTF-8' ? NOT_UTF_8 : bad('Invalid JSON'));
  const { clientToken, state, version } = json;
  if (clientToken !== undefined && (typeof clientToken !== 'string' || Buffer.byteLength(clientToken) > TOKEN_BYTES))
    return refused(undefined, bad('Invalid clientToken'));
  if (operation !== 'update') return { ...nothing, clientToken };
  if (version !== undefined && !Number.isSafeInteger(version)) return refused(clientToken, bad('Invalid version'));
  const patch = readState(state);
  if ('code' in patch) return refused(clientToken, patch);
  return { clientToken, patch, version: typeof version === 'number' ? version : undefined, state: state === null ? null : patch };
}

function readState(state: unknown): ShadowPatch | ShadowRejection {
  if (state === undefined) return bad('Missing required node: state');
  if (state === null) return { desired: null, reported: null };
  if (!isJsonObject(state)) return bad('State node must be an object');
  const patch: Partial<Record<ShadowSection, JsonObject | null>> = {};
  for (const section of SHADOW_SECTIONS) {
    const side = state[section];
    if (side === undefined) continue;
    if (side !== null && !isJsonObject(side)) return bad(`${section === 'desired' ? 'Desired' : 'Reported'} node must be an object`);
    if (side !== null && isDeeperThan(side, LEVELS)) return bad(`JSON contains too many levels of nesting; maximum is ${LEVELS}`);
    patch[section] = side;
  }
  const isKnown = (name: string): boolean => name === 'desired' || name === 'reported' || name === 'delta';
  return Object.keys(state).every(isKnown) ? patch : bad('State contains an invalid node');
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some(inner => isDeeperThan(inner, levels - 1));
}

const NOT_UTF_8: ShadowRejection = { code: 415, message: 'Unsupported documented encoding; supported encoding is UTF-8' };
function bad(message: string): ShadowRejection {
  return { code: 400, message };
}

function refused(clientToken: string | undefined, rejection: ShadowRejection): RefusedRequest {
  return { clientToken, rejection };
}

function readJson(payload: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    return 'not UTF-8';
  }
  return parsedJson(text);
}
