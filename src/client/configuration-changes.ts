import { isDeepStrictEqual } from 'node:util';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Context, Type, Validation } from 'io-ts';
import { concatMap, map, type Observable, of } from 'rxjs';
import { type DecodeProblems, isMember, validated } from '../codec/codec.js';
import { forbiddenKeyIn, inexactNumbers } from '../codec/json-text.js';
import { ConfigurationInvalid, InvalidRequest, type RequestError, ServiceFault, type ServiceSubscribeError } from '../errors/errors.js';
import { readShape, ValidateConfigurationUpdateEvents } from '../ipc/wire/shapes.js';
import { isJsonObject, parsedJson } from '../shared/check-argument.js';
import {
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  UPDATE_CONFIGURATION,
} from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { jsonProblem } from './local-request.js';
import type { NucleusLink } from './nucleus-link.js';

/** What a nucleus has answered to a read. */
export interface ConfigurationAnswer {
  readonly body: string;
  readonly componentName: string;
  /** `undefined`: there is no such key. */
  readonly value: unknown;
}

/** The configuration as the codec decodes it, or why it cannot. */
export function decodeConfiguration<A>(
  codec: Pick<Type<A, unknown>, 'name' | 'decode'>,
  keyPath: readonly string[],
  { body, componentName, value }: ConfigurationAnswer,
  onLite: boolean,
): Either<ConfigurationInvalid, A> {
  const invalid = (problems: readonly string[], cause?: unknown): Either<ConfigurationInvalid, A> =>
    left(new ConfigurationInvalid(componentName, problems, cause, 'message'));
  const problems = body === '' ? [] : [forbiddenKeyIn(body, value) ?? [], inexactNumbers(body)].flat();
  if (problems.length > 0) return invalid(problems);
  const whole = readWith(codec, value, onLite);
  if (whole._tag === 'Right') return whole;
  const leaf = leafOf(value, keyPath);
  const decoded = leaf === undefined ? whole : readWith(codec, leaf.value, onLite);
  return decoded._tag === 'Right' ? decoded : invalid(decoded.left.problems, decoded.left.cause);
}

/** What the codec makes of a value; on Greengrass Lite, of the values that its texts stand for, too. */
export function readWith<A>(codec: Pick<Type<A, unknown>, 'name' | 'decode'>, value: unknown, onLite: boolean): Either<DecodeProblems, A> {
  const decoded = validated(codec, value);
  return decoded._tag === 'Left' && onLite ? validated(codec, withoutTexts(codec, value)) : decoded;
}

/** For a leaf, the nucleus gives an object with one member, named as the last key. A node may look the same. */
export function leafOf(value: unknown, keyPath: readonly string[]): { readonly value: unknown } | undefined {
  const last = keyPath.at(-1)?.toLowerCase();
  if (last === undefined || !isJsonObject(value)) return undefined;
  const [only, ...others] = Object.entries(value);
  return only !== undefined && others.length === 0 && only[0].toLowerCase() === last && !isJsonObject(only[1])
    ? { value: only[1] }
    : undefined;
}

/** The most passes: each converts one layer of texts. */
const MAX_PASSES = 5;

/**
 * Converts a configuration of Greengrass Lite, in which everything from a YAML file is a text: where the codec expects another type, and
 * the text is the JSON of a number, a boolean or null, that value takes its place. What the codec accepts stays as it is.
 *
 * Source: Greengrass Lite 2.6, whose YAML reader only knows texts; observed.
 */
function withoutTexts(codec: { decode(value: unknown): Validation<unknown> }, value: unknown): unknown {
  let given = value;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const decoded = codec.decode(given);
    if (decoded._tag === 'Right') return given;
    const changed = decoded.left.reduce((before, { context }) => withoutText(before, keysOf(context)), given);
    if (changed === given) return given;
    given = changed;
  }
  return given;
}

/** The keys from the root of the value to the place of a problem. */
function keysOf(context: Context): readonly string[] {
  return context.slice(1).flatMap((entry, at) => {
    const parent = context[at];
    return parent !== undefined && isMember(parent, entry) ? [] : [entry.key];
  });
}

/** The same value, in which the text at the path is replaced by the value that it stands for. */
function withoutText(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? said(value) : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  const before: unknown = (value as Readonly<Record<string, unknown>>)[key];
  const after = withoutText(before, rest);
  if (after === before) return value;
  return Array.isArray(value) ? value.map((item: unknown, at) => (String(at) === key ? after : item)) : { ...value, [key]: after };
}

function said(text: string): unknown {
  if (!/^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)) return text;
  const value = parsedJson(text);
  return value === undefined ? text : value;
}

/** The answer to a deployment that asked whether its configuration is valid. */
export interface ConfigurationVerdict {
  readonly deploymentId: string;
  readonly accepted: boolean;
  /** Why not, one line for each problem. The nucleus is told them, too. */
  readonly problems: readonly string[];
}

/**
 * The JSON of an `UpdateConfiguration` request, or what is wrong with it.
 *
 * @param time milliseconds since 1970. Written as seconds with a fraction, since Greengrass Lite refuses a whole number.
 */
export function encodeUpdate(
  value: Readonly<Record<string, unknown>>,
  keyPath: readonly string[],
  time: number,
): Either<InvalidRequest<'message'>, string> {
  const invalid = (problem: string): Either<InvalidRequest<'message'>, never> =>
    left(new InvalidRequest('message', UPDATE_CONFIGURATION, keyPath.join('/'), 'client', problem));
  if (!isJsonObject(value)) return invalid('The value to merge must be an object: keyPath names what it is laid over, and never a leaf.');
  // In any letter case: a classic nucleus takes ACCESSCONTROL for accessControl, and would write the policies.
  const first = keyPath.length === 0 ? Object.keys(value) : keyPath.slice(0, 1);
  if (first.some(key => key.toLowerCase() === 'accesscontrol'))
    return invalid('accessControl cannot be changed by the component: a deployment does that.');
  const problem = jsonProblem(value, 'The value to merge');
  if (problem !== undefined) return invalid(problem);
  const json = JSON.stringify(value);
  return right(`{"keyPath":${JSON.stringify(keyPath)},"timestamp":${(time / 1000).toFixed(3)},"valueToMerge":${json}}`);
}

/** Whether everything that was merged is there. A classic nucleus keeps the letter case that a key had before. */
export function holds(there: unknown, merged: unknown): boolean {
  if (!isJsonObject(merged)) return isDeepStrictEqual(there, merged);
  if (!isJsonObject(there)) return false;
  return Object.entries(merged).every(([key, value]) => {
    const spelled = Object.hasOwn(there, key) ? key : Object.keys(there).find(other => other.toLowerCase() === key.toLowerCase());
    return value === undefined || (spelled !== undefined && holds(there[spelled], value));
  });
}

/** The failure of an update that did not win over a later one. */
export function notWritten(keyPath: readonly string[]): ServiceFault<'message'> {
  return new ServiceFault('message', {
    operation: UPDATE_CONFIGURATION,
    topicName: keyPath.join('/'),
    reason: 'UpdateConditionFailed',
    retryable: false,
    remedy: 'It was read back, and is not there: something was written later, or by a clock that is ahead.',
    serverCode: 'success',
    serverText: '',
  });
}

/** Answers each deployment that asks, with the result of the check. */
export function answerDeployments(
  link: NucleusLink,
  check: (configuration: Readonly<Record<string, unknown>>) => DecodeProblems | undefined,
): ObservableEither<ServiceSubscribeError | RequestError, ConfigurationVerdict> {
  const asked$ = link.optionalEvents({
    operation: SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
    topicName: '',
    payload: '{}',
    read: body => readShape('ValidateConfigurationUpdateEvents', ValidateConfigurationUpdateEvents, body),
    isCanary: () => false,
    silence: undefined,
    onStatus: undefined,
  });
  return asked$.pipe(
    concatMap((asked): Observable<Either<ServiceSubscribeError | RequestError, ConfigurationVerdict>> => {
      if (asked._tag === 'Left') return of(asked);
      const { configuration, deploymentId } = asked.right.validateConfigurationUpdateEvent;
      const problems = check(configuration)?.problems ?? [];
      const accepted = problems.length === 0;
      const status = accepted ? 'ACCEPTED' : 'REJECTED';
      const report = { status, deploymentId, message: accepted ? undefined : problems.join('; ') };
      return link
        .call({
          operation: SEND_CONFIGURATION_VALIDITY_REPORT,
          about: deploymentId,
          payload: JSON.stringify({ configurationValidityReport: report }),
          read: () => right(undefined),
        })
        .pipe(map(sent => (sent._tag === 'Left' ? sent : right({ deploymentId, accepted, problems }))));
    }),
  );
}
