import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Mixed } from 'io-ts';
import { finalize, Observable, tap } from 'rxjs';
import { InvalidRequest, type PublishError, type SubscribeError, TimedOut, TooManyPublishes } from '../errors/errors.js';
import { copyError } from '../errors/failure.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import { schedulerClock } from '../schedule/clock.js';
import { PUBLISH } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { messageOf } from '../shared/visible.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { shareLingering } from '../stream/work-on.js';
import { isUnreached } from './failures.js';
import { jsonProblem, levelsOf } from './local-request.js';
import { encodePart, readAnswer, readRejection, type ShadowPatch } from './shadow-state.js';
import { type ChannelEvent, shadowChannel, type ShadowContext, shadowRefusal } from './shadow-view.js';

/** What is to be reported to a shadow. */
export interface ShadowReport<A> {
  /** Merged into what is reported; lists are replaced as a whole. `null` removes a member, and by itself the whole section. */
  readonly state: ShadowPatch<A> | null;
  /** Report only if the shadow has this version. Otherwise the report is refused: a `ServiceFault` with the reason `ShadowConflict`. */
  readonly version?: number | undefined;
}

/** What became of a report. */
export interface ShadowAccepted {
  /** `shadow`: the shadow has it. Otherwise draining had begun, after which no answer is received, and this says who took the publish. */
  readonly by: 'shadow' | Accepted['by'];
  /** The version of the shadow with this report. */
  readonly version: number | undefined;
}

/** Bytes of `desired` and `reported` together that a shadow has room for. Source: AWS IoT Core, "Device Shadow quotas". */
const MAX_BYTES = 8 * 1024;
/** Levels of a section that a shadow has room for. */
const MAX_LEVELS = 6;
/** Reports that may wait for their answers. */
const MAX_WAITING = 1_000;
/** How long the subscriptions to answers outlive the last report, in milliseconds. */
const LINGER = 10_000;

/** Reports to a shadow, and waits for the answer to each report, which is recognised by its token: the shadow's answers go to everybody. */
export class ShadowReports {
  readonly #context: ShadowContext;
  readonly #codec: Mixed;
  readonly #answers$: Observable<ChannelEvent>;
  #isReady = false;
  #waiting = 0;

  constructor(context: ShadowContext, codec: Mixed) {
    this.#context = context;
    this.#codec = codec;
    const { proxy, topics, scheduler } = context;
    this.#answers$ = shadowChannel(proxy, [`${topics.update}/accepted`, `${topics.update}/rejected`]).pipe(
      tap(({ kind }) => {
        if (kind !== 'message') this.#isReady = kind === 'ready';
      }),
      finalize(() => {
        this.#isReady = false;
      }),
      shareLingering(LINGER, scheduler),
    );
  }

  publish$(report: ShadowReport<never>): ObservableEither<PublishError, ShadowAccepted> {
    const { proxy, topics, timeout, scheduler } = this.#context;
    return new Observable<Either<PublishError, ShadowAccepted>>(subscriber => {
      const end = (outcome: Either<PublishError, ShadowAccepted>): void => {
        subscriber.next(outcome);
        subscriber.complete();
      };
      const clientToken = crypto.randomUUID();
      const payload = this.#encoded(report, clientToken);
      if (payload._tag === 'Left') {
        end(payload);
        return;
      }
      if (this.#waiting >= MAX_WAITING) {
        end(left(new TooManyPublishes('message', this.#waiting)));
        return;
      }
      this.#waiting++;
      subscriber.add(() => this.#waiting--);
      let sent = false;
      let isSilent = false;
      let accepted: Accepted | undefined;
      const cancel = schedulerClock(scheduler).after(timeout, () => end(left(new TimedOut('message', PUBLISH, timeout, sent))));
      subscriber.add(cancel);
      const send = (): void => {
        if (sent) return;
        sent = true;
        subscriber.add(
          proxy.publish$({ topicName: topics.update, payload: payload.right, qos: QOS.AT_LEAST_ONCE }).subscribe({
            next: outcome => {
              if (outcome._tag === 'Left') end(outcome);
              else {
                accepted = outcome.right;
                if (isSilent) end(right({ by: accepted.by, version: undefined }));
              }
            },
            error: (defect: unknown) => subscriber.error(defect),
          }),
        );
      };
      /** No answer will be received any more: the nucleus' acceptance has to do. */
      const goSilent = (): void => {
        isSilent = true;
        if (accepted === undefined) send();
        else end(right({ by: accepted.by, version: undefined }));
      };
      const take = (event: ChannelEvent): void => {
        if (event.kind === 'ready') send();
        else if (event.kind === 'failed') {
          if (event.error.kind !== 'gap') end(left(ofOne(event.error)));
        } else if (event.message.topicName === `${topics.update}/accepted`) {
          const answer = readAnswer(event.message);
          if (answer._tag === 'Right' && answer.right.clientToken === clientToken)
            end(right({ by: 'shadow', version: answer.right.version }));
        } else {
          const rejection = readRejection(event.message);
          if (rejection._tag === 'Right' && rejection.right.clientToken === clientToken)
            end(left(shadowRefusal(topics.update, rejection.right)));
        }
      };
      const wasReady = this.#isReady;
      subscriber.add(this.#answers$.subscribe({ next: take, error: (defect: unknown) => subscriber.error(defect), complete: goSilent }));
      if (wasReady) send();
    });
  }

  #encoded({ state, version }: ShadowReport<never>, clientToken: string): Either<InvalidRequest<'message'>, string> {
    const { update } = this.#context.topics;
    const invalid = (problem: string, cause?: unknown): Either<InvalidRequest<'message'>, never> =>
      left(new InvalidRequest('message', PUBLISH, update, 'client', problem, cause));
    let encoded: unknown;
    try {
      encoded = encodePart(this.#codec, state);
    } catch (cause) {
      return invalid(`The report cannot be written as JSON: ${messageOf(cause)}`, cause);
    }
    // A number that JSON does not have would become null, which removes its member.
    const problem = encoded === null ? undefined : jsonProblem(encoded, 'The report');
    if (problem !== undefined) return invalid(problem);
    const reported = JSON.stringify(encoded);
    const bytes = Buffer.byteLength(reported);
    if (bytes > MAX_BYTES) return invalid(`The report has ${bytes} bytes, and a shadow has room for ${MAX_BYTES}. Report less.`);
    const levels = levelsOf(reported);
    if (levels > MAX_LEVELS) return invalid(`The report has ${levels} levels, and a shadow takes ${MAX_LEVELS}. Report it flatter.`);
    const condition = version === undefined ? '' : `,"version":${version}`;
    return right(`{"state":{"reported":${reported}},"clientToken":"${clientToken}"${condition}}`);
  }
}

/** Makes a terminal failure of the subscription to answers the failure of this one report. */
function ofOne(error: Exclude<SubscribeError, { readonly kind: 'gap' }>): PublishError {
  return isUnreached(error) || error._tag === 'ProxyClosed' ? error : copyError(error, { kind: 'message' as const });
}
