import { type Either, fromNullable, left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, defer, filter, map, type Observable, of, type OperatorFunction } from 'rxjs';
import { isFailure, NoResponseTopic } from '../errors/errors.js';
import { concurrently } from '../flow/concurrently.js';
import type { AcceptedBy, Published } from '../flow/publish-outcome.js';
import { type PublishPort, publishTo } from '../flow/publish-to.js';
import type { Accepted, PublishRequest } from '../ports/mqtt-proxy.js';
import { schedulerClock } from '../schedule/clock.js';
import { atOnce, checkBound, checkPositiveTime } from '../shared/check-argument.js';
import { QOS } from '../shared/qos.js';
import { hook } from '../stream/hook.js';
import { tagOf } from '../stream/observable-either.js';
import { onRights } from '../stream/on-rights.js';
import {
  type Answer,
  type AnswerPayload,
  carryOut,
  type Command,
  type CommandDedupeOptions,
  type CommandFailure,
  type FailureOf,
  type Handling,
  KnownCommands,
  type Responded,
  type RespondError,
  type RespondOptions,
  type UndecodedIn,
  wasNotBegun,
} from './commands.js';

/** A command that has come, and how it is dealt with. `C` is a command, or a message that could not be decoded as one. */
interface CommandJob<C, F> {
  readonly command: C;
  readonly topicName: string;
  readonly correlationData: Uint8Array | undefined;
  readonly repeated: boolean;
  readonly result$: Observable<Either<F, AnswerPayload>>;
  /** Where its answer is to be remembered. */
  readonly id: string | undefined;
}

/** An answer to be published, and the result to be emitted afterwards. */
interface Settled<C, F> extends Answer<C> {
  readonly correlationData: Uint8Array | undefined;
  readonly result: Either<F, AnswerPayload>;
}

/**
 * Carries out the commands of a subscription and publishes an answer to each.
 *
 * The answer goes to the command's `responseTopic`, with its `correlationData`, as MQTT 5 has it. Greengrass Lite carries neither, so there
 * `replyTo` has to make the topic, and an answer has to say itself what it answers. So it is on local topics, on both nuclei:
 * `respond(nucleus.local, …)` answers there. Whoever may publish commands chooses where answers go: let the component's policy allow only
 * what is meant for them.
 *
 * Emits one outcome for every command: `Right(Responded)` once the nucleus has taken the answer; or a `Left`, after the nucleus has taken
 * the answer that `onFailure` gives in its place: the failure that `handle` gave, `HandlerFailed`, `DeadlineExceeded` or `DecodeFailed`. A
 * {@link NoResponseTopic} stands for a command that is not carried out, since nobody could be answered; a {@link PublishFailure} for an
 * answer that could not be published; an `Overflowed` for the commands, or answers, that found a buffer full. The subscription's other
 * errors pass. Completes when the source has and every command has its outcome, and after a terminal `Left`: one of the source once all
 * that had come is answered, one of `handle` (or of a full buffer with `fail`) at once. The commands that wait or are being carried out
 * then are given up without an answer, since only `handle` could give one; the ledger counts them as discarded, and whoever asked asks
 * again. What `replyTo`, `onFailure` or `dedupe.id` throws is a defect and goes to the error channel; but for the library's own errors,
 * such as that of `template.build` with a parameter that does not fit: from `replyTo` that is a `NoResponseTopic` with this `cause`, from
 * `onFailure` it is no answer.
 *
 * Guarantees:
 * - *Once.* With `dedupe`, a command is carried out at most once while it is remembered. A duplicate of one under way is dropped, and has
 *   no outcome. One of a command that was answered is given the same answer again, so that whoever missed it may ask again; a failure
 *   without an answer stays without. What was never begun, because it was dropped or waited past its deadline, is not remembered. A restart
 *   of the process forgets all.
 * - *In time.* Nothing is begun whose deadline has passed. At the deadline `handle`'s Observable is unsubscribed; a promise goes on, and
 *   its answer is not heard.
 * - *The answer* is published once, but for `publish.retry`; a lost one is asked for again by a duplicate.
 *
 * `proxy.drain()` waits until the commands that have come are answered.
 *
 * Memory: `buffer.messages` commands that wait, `inFlight` under way, 1 000 answers, and the `dedupe.commands` answers that are remembered.
 *
 * @throws RangeError for an `inFlight` below 1, a `deadline` that is not a number of milliseconds from 1 to 2 147 483 647, or a `dedupe`
 * that remembers nothing.
 *
 * @example
 * ```ts
 * import { connect, json, QOS, respond } from 'greengrass-rx';
 * import { E, t } from 'greengrass-rx/fp';
 * import { firstValueFrom } from 'rxjs';
 *
 * const Command = json(t.type({ id: t.string, celsius: t.number }));
 * const proxy = connect();
 * const outcomes$ = proxy.subscribe({ topicName: 'heater/commands', qos: QOS.AT_LEAST_ONCE, codec: Command, onStatus: ask }).pipe(
 *   respond(proxy, {
 *     handle: async ({ celsius }) => (celsius > 30 ? E.left({ _tag: 'TooHot' } as const) : E.right(`heating to ${celsius} °C`)),
 *     onFailure: failure => `failed: ${failure._tag}`,
 *     dedupe: { id: command => command.value.id, commands: 1_000, ttl: 600_000 },
 *     deadline: 5_000,
 *   }),
 * );
 * console.log(await firstValueFrom(outcomes$)); // Right({ topicName: 'heater/answers', payload: 'heating to 21 °C', repeated: false, … })
 * await proxy.close();
 *
 * // What the cloud would do.
 * function ask({ status }: { status: string }) {
 *   const payload = Command.encode({ id: 'c1', celsius: 21 });
 *   const request = { topicName: 'heater/commands', payload, qos: QOS.AT_LEAST_ONCE, responseTopic: 'heater/answers' };
 *   if (status === 'active') void proxy.publish(request)();
 * }
 * ```
 *
 * Source: MQTT 5 section 4.10, request and response.
 */
export function respond<E, M extends Command, W extends Handling, R = PublishRequest, Acc extends AcceptedBy = Accepted>(
  port: PublishPort<R, Acc>,
  options: RespondOptions<M, W, UndecodedIn<E>, CommandFailure<E, M, FailureOf<W>>>,
): OperatorFunction<Either<E, M>, Either<RespondError<E, M, FailureOf<W>>, Responded<M, Acc>>> {
  type C = M | UndecodedIn<E>;
  type F = CommandFailure<E, M, FailureOf<W>>;
  const { handle, replyTo = responseTopicOf, onFailure, deadline, dedupe, inFlight = 1, buffer = {} } = options;
  const { qos = QOS.AT_LEAST_ONCE, publish, name = 'respond', ledger, scheduler = asyncScheduler } = options;
  checkTimes(deadline, dedupe);
  checkBound(inFlight, 'inFlight');
  const dropped = hook('buffer.onDrop', buffer.onDrop);
  const clock = schedulerClock(scheduler);
  const requestOf = ({ command, topicName, payload, correlationData }: Settled<C, F>): R => {
    // A port without rules is an MQTT proxy, and this is a request for one.
    const made = port.rules?.requestOf({ topicName, payload }) ?? ({ topicName, payload, qos, correlationData } as R);
    return port.causedBy?.(made, command) ?? made;
  };
  return source =>
    defer(() => {
      const known = dedupe === undefined ? undefined : new KnownCommands(dedupe.commands, dedupe.ttl, clock.now);

      const arrive = (command: M): Either<NoResponseTopic<M>, CommandJob<C, F>> | undefined => {
        const { correlationData } = command;
        let topicName: string | undefined;
        try {
          topicName = atOnce(replyTo(command), 'replyTo');
        } catch (thrown) {
          if (!isFailure(thrown)) throw thrown;
          return left(new NoResponseTopic(command.topicName, command, thrown));
        }
        if (topicName === undefined) return left(new NoResponseTopic(command.topicName, command));
        const id = atOnce(dedupe?.id(command), 'dedupe.id');
        const state = id === undefined ? 'new' : (known?.receive(id) ?? 'new');
        if (state === 'new') {
          const result$ = carryOut({ handle, deadline, clock }, command, clock.now());
          return right({ command, topicName, correlationData, repeated: false, result$, id });
        }
        if (state === 'under way' || state.answer === undefined) return undefined;
        return right({ command, topicName, correlationData, repeated: true, result$: of(right(state.answer)), id: undefined });
      };
      const insteadOf = (failure: F, command: C): AnswerPayload | undefined => {
        try {
          return atOnce(onFailure?.(failure, command), 'onFailure');
        } catch (thrown) {
          // No answer could be made for this message, so there is none; the failure itself is emitted.
          if (!isFailure(thrown)) throw thrown;
          return undefined;
        }
      };
      const settle = (job: CommandJob<C, F>, result: Either<F, AnswerPayload>): Either<F, Settled<C, F>> => {
        const { command, topicName, correlationData, repeated, id } = job;
        const answer = result._tag === 'Right' ? result : fromNullable(result.left)(insteadOf(result.left, command));
        if (id !== undefined) {
          if (wasNotBegun(result)) known?.forget(id);
          else known?.answered(id, answer._tag === 'Right' ? answer.right : undefined);
        }
        return answer._tag === 'Left' ? answer : right({ command, topicName, correlationData, payload: answer.right, repeated, result });
      };
      const onDrop = ({ id, command }: CommandJob<C, F>): void => {
        if (id !== undefined) known?.forget(id);
        dropped?.(command);
      };
      return source.pipe(
        map(element => (element._tag === 'Right' ? arrive(element.right) : ((onFailure && answerable<C, F>(element.left)) ?? element))),
        filter(arrival => arrival !== undefined),
        onRights(
          concurrently(inFlight, job => job.result$.pipe(map(result => settle(job, result))), {
            name,
            ledger,
            ordered: false,
            buffer: { messages: buffer.messages, onFull: buffer.onFull, onDrop },
          }),
        ),
        onRights(
          publishTo(port, requestOf, {
            ...publish,
            name: `${name} answers`,
            ledger,
            scheduler,
          }),
        ),
        onRights(map(toOutcome<C, M, F, Acc>)),
      );
    });
}

function responseTopicOf({ responseTopic }: Command): string | undefined {
  return responseTopic;
}

/** A message that could not be decoded, as a command that has failed, where it says where to answer. */
function answerable<C, F>(error: unknown): Either<never, CommandJob<C, F>> | undefined {
  if (tagOf(error) !== 'DecodeFailed') return undefined;
  // The tag says what it is; `original` is the message as the proxy emits it.
  const { original } = error as { readonly original: C & Pick<Command, 'responseTopic' | 'correlationData'> };
  const { responseTopic: topicName, correlationData } = original;
  if (topicName === undefined) return undefined;
  return right({ command: original, topicName, correlationData, repeated: false, result$: of(left(error as F)), id: undefined });
}

function toOutcome<C, M extends C, F, Acc extends AcceptedBy>({
  value,
  by,
  attempts,
}: Published<Settled<C, F>, Acc>): Either<F, Responded<M, Acc>> {
  const { command, topicName, payload, repeated, result } = value;
  // A message that could not be decoded has a failure as its result.
  return result._tag === 'Left' ? result : right({ command: command as M, topicName, payload, repeated, by, attempts });
}

function checkTimes(deadline: number | undefined, dedupe: CommandDedupeOptions<never> | undefined): void {
  if (deadline !== undefined) checkPositiveTime(deadline, 'deadline');
  if (dedupe === undefined) return;
  checkBound(dedupe.commands, 'dedupe.commands');
  checkPositiveTime(dedupe.ttl, 'dedupe.ttl');
}
