import { isDeeperThan, isJsonObject, type JsonObject, parsedJson } from '../../shared/check-argument.js';
import { SHADOW_SECTIONS, type ShadowPatch, type ShadowSection } from './shadow-document.js';

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
