import { isDeepStrictEqual } from 'node:util';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { concatMap, map, type Observable, of } from 'rxjs';
import type { DecodeProblems } from '../codec/codec.js';
import { InvalidRequest, type RequestError, ServiceFault, type ServiceSubscribeError } from '../errors/errors.js';
import { readShape, ValidateConfigurationUpdateEvents } from '../ipc/wire/shapes.js';
import { isJsonObject } from '../shared/json-object.js';
import {
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  UPDATE_CONFIGURATION,
} from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { jsonProblem } from './local-message.js';
import type { NucleusLink } from './nucleus-link.js';

/** What was answered to a deployment that asked whether its configuration is good. */
export interface ConfigurationVerdict {
  readonly deploymentId: string;
  readonly accepted: boolean;
  /** Why not, a line each; the nucleus has them, too. */
  readonly problems: readonly string[];
}

/**
 * The JSON of an `UpdateConfiguration` request, or what is wrong with it.
 *
 * @param time milliseconds since 1970. Written as seconds that always have a fraction: Greengrass Lite refuses a whole number.
 */
export function encodeUpdate(
  value: Readonly<Record<string, unknown>>,
  keyPath: readonly string[],
  time: number,
): Either<InvalidRequest<'message'>, string> {
  const invalid = (problem: string): Either<InvalidRequest<'message'>, never> =>
    left(new InvalidRequest('message', UPDATE_CONFIGURATION, keyPath.join('/'), 'client', problem));
  if (!isJsonObject(value)) return invalid('The value to merge must be an object: keyPath names what it is laid over, and never a leaf.');
  // Whatever the case: a classic nucleus takes ACCESSCONTROL for accessControl, and would write the policies.
  const first = keyPath.length === 0 ? Object.keys(value) : keyPath.slice(0, 1);
  if (first.some(key => key.toLowerCase() === 'accesscontrol'))
    return invalid('accessControl cannot be changed by the component: a deployment does that.');
  const problem = jsonProblem(value, 'The value to merge');
  if (problem !== undefined) return invalid(problem);
  const json = JSON.stringify(value);
  return right(`{"keyPath":${JSON.stringify(keyPath)},"timestamp":${(time / 1000).toFixed(3)},"valueToMerge":${json}}`);
}

/** Whether all that was merged is there. A classic nucleus spells keys as they were. */
export function holds(there: unknown, merged: unknown): boolean {
  if (!isJsonObject(merged)) return isDeepStrictEqual(there, merged);
  if (!isJsonObject(there)) return false;
  return Object.entries(merged).every(([key, value]) => {
    const spelled = Object.hasOwn(there, key) ? key : Object.keys(there).find(other => other.toLowerCase() === key.toLowerCase());
    return value === undefined || (spelled !== undefined && holds(there[spelled], value));
  });
}

/** An update that a later one stands in the way of. */
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

/** Answers each deployment that asks, with what the check says. */
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
