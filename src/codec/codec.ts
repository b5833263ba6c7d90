import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Context, Errors, Type, Decoder as TypeDecoder, ValidationError } from 'io-ts';
import { atOnce } from '../shared/check-argument.js';

/** The part of a message that a decoder sees. */
export interface Encoded {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** Why a payload could not be decoded. */
export interface DecodeProblems {
  /** One line for each problem. It begins with the path to the value, as `celsius: expected number, got "warm"` does. */
  readonly problems: readonly string[];
  readonly cause?: unknown;
}

/**
 * What the payloads of a codec look like, for whoever derives a schema or a table from it: the format, and the io-ts codec of the values in
 * it. In `jsonArray` and `ndjson` that is the codec of each of several values, in `json` that of the whole. A `gzip` has another payload in
 * it; `other` is any format of this name.
 */
export type PayloadShape =
  | { readonly format: 'json' | 'jsonArray' | 'ndjson'; readonly type: TypeDecoder<unknown, unknown> }
  | { readonly format: 'gzip'; readonly of: PayloadShape | undefined }
  | { readonly format: 'text' | 'bytes' }
  | { readonly format: 'other'; readonly name: string };

/** Makes values of payloads. Must not throw: a payload that cannot be decoded is a `Left`. */
export interface Decoder<out A> {
  /** What the payloads look like. Left out: nobody but the codec knows. */
  readonly shape?: PayloadShape | undefined;
  /** The value of a message, or why there is none. */
  readonly decode: (message: Encoded) => Either<DecodeProblems, A>;
}

/** Makes payloads of values. */
export interface Encoder<in A> {
  /** The payload of a value. */
  readonly encode: (value: A) => Uint8Array | string;
}

/** Both directions of one format. */
export interface Codec<in out A> extends Decoder<A>, Encoder<A> {}

/** Problems listed for a payload. The sender chooses the payload, so this and every length below is bounded. */
export const MAX_PROBLEMS = 20;
const MAX_TEXT = 40;
const MAX_EXPECTED = 120;
const MAX_PATH_ENTRIES = 12;
const MAX_KEYS = 4;

export function shorten(value: string, limit: number): string {
  return value.length > limit ? `${value.slice(0, limit)}…` : value;
}

// Other keys are quoted: a line break in one must not make two lines of one.
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/u;

/** A value in a few words, at a cost that does not depend on its size. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > MAX_TEXT ? `${JSON.stringify(value.slice(0, MAX_TEXT))}… (${value.length} characters)` : JSON.stringify(value);
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return shorten(`${String(value)}n`, MAX_TEXT);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  const keys: string[] = [];
  for (const key in value) {
    if (keys.length === MAX_KEYS) return `{${keys.join(', ')}, …}`;
    keys.push(IDENTIFIER.test(key) ? shorten(key, MAX_TEXT) : JSON.stringify(shorten(key, MAX_TEXT)));
  }
  return `{${keys.join(', ')}}`;
}

const INDEX = /^\d+$/u;

function step(key: string): string {
  return INDEX.test(key) ? `[${key}]` : IDENTIFIER.test(key) ? `.${shorten(key, MAX_TEXT)}` : `[${JSON.stringify(shorten(key, MAX_TEXT))}]`;
}

/** `readings[3].celsius`, or `(root)` for the value itself; the middle of a very deep one is left out. */
export function pathOf(keys: readonly string[]): string {
  if (keys.length === 0) return '(root)';
  const half = MAX_PATH_ENTRIES / 2;
  const steps = keys.length > MAX_PATH_ENTRIES ? [...keys.slice(0, half).map(step), '…', ...keys.slice(-half).map(step)] : keys.map(step);
  const path = steps.join('');
  return path.startsWith('.') ? path.slice(1) : path;
}

/** The codec inside wrappers such as `t.exact` and `t.readonly`. */
function unwrapped(type: unknown): { readonly _tag?: unknown } {
  let inner = type as { readonly _tag?: unknown; readonly type?: unknown };
  while (inner._tag === 'ExactType' || inner._tag === 'ReadonlyType' || inner._tag === 'RefinementType') inner = inner.type as typeof inner;
  return inner;
}

type Entry = Context[number];

/** io-ts gives each member of a union or intersection a path entry of its own, which is no part of the path to the value. */
export function isMember(parent: Entry, entry: Entry): boolean {
  return INDEX.test(entry.key) && Object.is(parent.actual, entry.actual);
}

function branchesOf(errors: readonly ValidationError[]): Map<Entry, Set<string>> {
  const branches = new Map<Entry, Set<string>>();
  for (const { context } of errors) {
    for (let i = 1; i < context.length; i += 1) {
      const [parent, entry] = [context[i - 1], context[i]];
      if (parent === undefined || entry === undefined || !isMember(parent, entry) || unwrapped(parent.type)._tag !== 'UnionType') continue;
      const seen = branches.get(parent);
      if (seen === undefined) branches.set(parent, new Set([entry.key]));
      else seen.add(entry.key);
    }
  }
  return branches;
}

function line(keys: readonly string[], expected: string, actual: unknown): string {
  return `${pathOf(keys)}: expected ${shorten(expected, MAX_EXPECTED)}, got ${describe(actual)}`;
}

/**
 * What io-ts found, one line for each problem. Where every member of a union has failed, one line that names the union stands for all of
 * them.
 */
export function problemsOf(errors: Errors): readonly string[] {
  // Only ten times as many errors are looked at as can be shown: an array of a million wrong values has a million.
  const considered = errors.slice(0, MAX_PROBLEMS * 10);
  const branches = branchesOf(considered);
  const lines = new Set<string>();
  for (const { context, message, value } of considered) {
    const keys: string[] = [];
    let at = context[0];
    for (let i = 1; i < context.length; i += 1) {
      const entry = context[i];
      if (at === undefined || entry === undefined || (branches.get(at)?.size ?? 0) > 1) break;
      if (!isMember(at, entry)) keys.push(entry.key);
      at = entry;
    }
    const union = at !== undefined && at !== context[context.length - 1];
    if (message !== undefined && !union) lines.add(`${pathOf(keys)}: ${shorten(message, MAX_EXPECTED)}`);
    else lines.add(line(keys, at?.type.name ?? 'another value', at === undefined ? value : at.actual));
    if (lines.size === MAX_PROBLEMS) break;
  }
  return errors.length > considered.length || lines.size === MAX_PROBLEMS
    ? [...lines, `(and more: ${errors.length} problems in all)`]
    : [...lines];
}

/** The payload is not text. */
export function notUtf8(payload: Uint8Array): DecodeProblems {
  return {
    problems: [`(root): expected UTF-8 text, got ${payload.byteLength} bytes that are not`],
  };
}

/** A `Left` with one problem. */
export function problem(text: string, cause?: unknown): Either<DecodeProblems, never> {
  return left(cause === undefined ? { problems: [text] } : { problems: [text], cause });
}

/** Why something threw, in a few words. */
export function causeOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 200) : describe(cause);
}

/** Decodes a parsed value with an io-ts codec. */
export function validated<A>(codec: Pick<Type<A, unknown>, 'name' | 'decode'>, value: unknown): Either<DecodeProblems, A> {
  try {
    const decoded = atOnce(codec.decode(value), 'decode');
    return decoded._tag === 'Right' ? right(decoded.right) : left({ problems: problemsOf(decoded.left) });
  } catch (cause) {
    // A recursive codec overflows the stack on a deeply nested payload, and a codec of the program's own may throw.
    return problem(`(root): expected ${codec.name.slice(0, 120)}, got a value on which the codec failed: ${causeOf(cause)}`, cause);
  }
}
