import { type Either, left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { forbiddenKeyIn, inexactNumbers } from '../codec/json-text.js';
import { DecodeFailed } from '../errors/errors.js';
import type { MqttMessage } from '../ports/mqtt-proxy.js';
import { isJsonObject, parsedJson } from '../shared/check-argument.js';

/** A state in which any member may be missing, at any depth: as in a delta, and in a report. */
export type ShadowPart<A> = A extends readonly unknown[] | Date
  ? A
  : A extends object
    ? { readonly [K in keyof A]?: ShadowPart<A[K]> | undefined }
    : A;

/** What is to be reported: a part, in which `null` removes a member from the shadow. */
export type ShadowPatch<A> = A extends readonly unknown[] | Date
  ? A
  : A extends object
    ? { readonly [K in keyof A]?: ShadowPatch<A[K]> | null | undefined }
    : A;

/** A shadow's document, wherever it comes from: an answer to `get`, an update, a delta. */
export interface ShadowDocument {
  readonly version: number;
  readonly desired: unknown;
  readonly reported: unknown;
  readonly delta: unknown;
  readonly clientToken: string | undefined;
}

/** Why the shadow service refused. */
export interface ShadowRejection {
  readonly code: number;
  readonly message: string;
  readonly clientToken: string | undefined;
}

const Token = t.partial({ clientToken: t.string });
const Answer = t.intersection([
  t.type({ version: t.number }),
  t.partial({ state: t.partial({ desired: t.unknown, reported: t.unknown, delta: t.unknown }) }),
  Token,
]);
const Delta = t.intersection([t.type({ version: t.number, state: t.unknown }), Token]);
const Documents = t.intersection([t.type({ current: Answer }), Token]);
const Rejection = t.intersection([t.type({ code: t.number }), t.partial({ message: t.string }), Token]);

/** Reads an answer to `get`, or to an update. */
export const readAnswer: Reader<ShadowDocument> = reader(Answer, ({ version, state, clientToken }): ShadowDocument => ({
  version,
  desired: state?.desired,
  reported: state?.reported,
  delta: state?.delta,
  clientToken,
}));

/** Reads a delta, in which `state` is the delta itself. */
export const readDelta: Reader<ShadowDocument> = reader(Delta, ({ version, state, clientToken }): ShadowDocument => ({
  version,
  desired: undefined,
  reported: undefined,
  delta: state,
  clientToken,
}));

/** Reads the document as it is after an update. */
export const readDocuments: Reader<ShadowDocument> = reader(Documents, ({ current: { version, state }, clientToken }): ShadowDocument => ({
  version,
  desired: state?.desired,
  reported: state?.reported,
  delta: undefined,
  clientToken,
}));

export const readRejection: Reader<ShadowRejection> = reader(Rejection, ({ code, message, clientToken }): ShadowRejection => ({
  code,
  message: message ?? '',
  clientToken,
}));

/** Reads the body of a message. */
type Reader<D> = (message: MqttMessage) => Either<DecodeFailed<MqttMessage>, D>;

function reader<B, D>(shape: t.Type<B>, made: (body: B) => D): Reader<D> {
  return message => {
    const failed = (problem: string): Either<DecodeFailed<MqttMessage>, never> =>
      left(new DecodeFailed(message.topicName, message, [problem]));
    const text = Buffer.from(message.payload).toString('utf8');
    const parsed = parsedJson(text);
    if (parsed === undefined) return failed('(root): expected JSON, got text that is none');
    const [problem] = [forbiddenKeyIn(text, parsed) ?? [], inexactNumbers(text)].flat();
    if (problem !== undefined) return failed(problem);
    const decoded = shape.decode(parsed);
    return decoded._tag === 'Right' ? right(made(decoded.right)) : failed('(root): expected what a shadow answers, got something else');
  };
}

/** A codec in which every member may be missing. A value that is no object is either whole or missing. */
export function partOf(codec: t.Mixed): t.Mixed {
  const props = propsOf(codec);
  if (props === undefined) return codec;
  return t.partial(Object.fromEntries(Object.entries(props).map(([key, prop]) => [key, partOf(prop)])), `part of ${codec.name}`);
}

/** A part as JSON; `null` stays `null`. */
export function encodePart(codec: t.Mixed, part: unknown): unknown {
  if (part === null || part === undefined) return part;
  const props = propsOf(codec);
  if (props === undefined || !isJsonObject(part)) return codec.encode(part) as unknown;
  const encoded = Object.entries(part).map(([key, value]): [string, unknown] => {
    const prop = Object.hasOwn(props, key) ? props[key] : undefined;
    return [key, prop === undefined ? value : encodePart(prop, value)];
  });
  return Object.fromEntries(encoded);
}

/** The members of an object's codec, whatever wrappers it is in. */
function propsOf(codec: t.Mixed): Readonly<Record<string, t.Mixed>> | undefined {
  if (codec instanceof t.InterfaceType || codec instanceof t.PartialType) return codec.props as Record<string, t.Mixed>;
  if (codec instanceof t.ExactType || codec instanceof t.ReadonlyType || codec instanceof t.RefinementType)
    return propsOf(codec.type as t.Mixed);
  if (!(codec instanceof t.IntersectionType)) return undefined;
  const all = (codec.types as readonly t.Mixed[]).map(propsOf);
  return all.includes(undefined) ? undefined : (Object.assign({}, ...all) as Record<string, t.Mixed>);
}
