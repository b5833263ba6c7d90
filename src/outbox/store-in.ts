import { inspect } from 'node:util';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { Observable, of, type Subscriber } from 'rxjs';
import { payloadLimit, publishProblem } from '../client/mqtt-request.js';
import type { Decoder } from '../codec/codec.js';
import { InvalidRequest, isFailure, type OutboxUnavailable, type Overflowed } from '../errors/errors.js';
import { copyError } from '../errors/failure.js';
import { declaredFilters, type DeclaredTopic, onlyDeclared } from '../flow/declaration.js';
import { ProjectJob } from '../flow/job.js';
import { type Stage, stage, type StageOptions } from '../flow/stage.js';
import type { Mqtt5Members, Profile, PublishRequest } from '../ports/mqtt-proxy.js';
import { atOnce, checkAtLeast, checkTime } from '../shared/check-argument.js';
import { PUBLISH } from '../shared/operations.js';
import { qosOf } from '../shared/qos.js';
import { topicMatches } from '../topic/topic-matches.js';
import { MAX_COMMIT_BYTES } from './group-commit.js';
import { longestMark, marked } from './mark.js';
import type { OpenOutbox, Outbox } from './outbox.js';
import type { RecordToStore } from './store.js';

/** Bytes of the largest message that Greengrass Lite hands back to who subscribes to it: above, it sends it and loses the echo. */
const LITE_ECHO = 4_980;
/** What mark and envelope add at most, but for the payload itself. */
const OVERHEAD = 2_048;
/** What a forwarder's port adds at most: a trace context with a `tracestate` of 512 characters, each of which may need two. */
const CONTEXT = 1_280;

/** Bytes of payloads that a stage has on their way to the disk, texts by their length: those of two commits. */
export const BYTES_TO_DISK: number = 2 * MAX_COMMIT_BYTES;

function refused(topicName: string, problem: string): InvalidRequest<'message'> {
  return new InvalidRequest('message', PUBLISH, topicName, 'client', problem);
}

/** What is wrong with a message for an outbox that has said which topics it is for. */
export function topicProblem({ topics }: Outbox, { topicName }: PublishRequest, stage = 'storeIn'): InvalidRequest<'message'> | undefined {
  if (topics === undefined || topics.some(filter => topicMatches(filter, topicName))) return undefined;
  const declared = topics.map(filter => JSON.stringify(filter)).join(', ');
  return refused(
    topicName,
    `The outbox declares the topics ${declared}, and "${stage}" was about to store a message to ${JSON.stringify(topicName)}. Add that to its topics, or do not store it there.`,
  );
}

/** What is wrong with the size of a message once it is marked: found out now, and not when nobody can mend it any more. */
export function sizeProblem(
  outbox: Outbox,
  request: PublishRequest,
  stream: string,
  profile: Profile | undefined,
): InvalidRequest<'message'> | undefined {
  // Not among the parameters: its declaration would name a member that is internal.
  const { mark, tellOldest, deleteWhen, atLargest } = outbox;
  const bytes = bytesOf(request.payload);
  const echo = deleteWhen === 'confirmed' && profile === 'lite' ? LITE_ECHO : Infinity;
  const least = Math.min(echo, profile === 'lite' ? 7_000 : 120_000);
  // Base64 and the envelope make at most so much of it; a function of the user's own, anything.
  const added = OVERHEAD + mostOfMembers(request) + (atLargest === undefined ? 0 : CONTEXT);
  if (typeof mark !== 'function' && (bytes * 4) / 3 + added + 2 * request.topicName.length < least) return undefined;
  const withMark = marked(request, longestMark(stream, tellOldest), mark);
  const message = atLargest?.(withMark) ?? withMark;
  const room = Math.min(echo, payloadLimit(profile ?? 'classic', message));
  const size = bytesOf(message.payload);
  if (size <= room) return undefined;
  return refused(
    request.topicName,
    `The message is too large to be stored: with its mark${message === withMark ? '' : ' and its trace context'} the payload has ${size} bytes, and ${room} can be sent${echo === Infinity ? '' : ' and seen back on Greengrass Lite'}. Send less at a time.`,
  );
}

/** Bytes that the MQTT 5 members of a message take at most, as JSON, where a character may need six. */
function mostOfMembers({ userProperties = [], correlationData, responseTopic, contentType }: PublishRequest): number {
  const texts = [responseTopic, contentType, ...userProperties.flatMap(({ key, value }) => [key, value])];
  return texts.reduce((sum, text) => sum + 6 * (text?.length ?? 0) + 16, 2 * (correlationData?.length ?? 0));
}

function bytesOf(payload: PublishRequest['payload']): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
}

/** A value whose message is on the disk: no power cut takes it any more. */
export interface Stored<out A> {
  readonly by: 'outbox';
  readonly value: A;
  /** The number of the message in its stream. */
  readonly number: number;
  /** Older messages that gave way, since the outbox was full; told once for those that were committed together. */
  readonly gaveWay: { readonly messages: number; readonly bytes: number };
}

/** A value whose message was not stored. */
export type StoreFailure<A> = (OutboxUnavailable<'message'> | Overflowed<'gap'> | InvalidRequest<'message'>) & { readonly value: A };

/** What of a message is known before the file is open. All that is asked of the program is asked by then. */
interface Wanted extends Pick<RecordToStore, 'key' | 'priority' | 'expiresIn'> {
  readonly request: PublishRequest;
}

/** How {@link storeIn} stores. */
export interface StoreInOptions<A> extends StageOptions<A> {
  /** Messages of one key keep their order. Default: the topic name. */
  readonly key?: ((value: A) => string) | undefined;
  /** The higher is sent first. Default 0. */
  readonly priority?: ((value: A) => number) | undefined;
  /** Milliseconds after which the message is too old to be sent. Default: the outbox' `maxAge`. */
  readonly expires?: ((value: A) => number) | undefined;
  /** Each stream has its own numbers, so that the receiver of a stream sees what is missing. Default: one stream for the outbox. */
  readonly stream?: string | undefined;
  /**
   * The topics this stage stores messages for: some of the outbox'. A message for another topic is an `InvalidRequest`. Default: all of
   * them.
   */
  readonly topics?: readonly DeclaredTopic[] | undefined;
  /**
   * What reads the payloads that it stores, as with `publishTo`: for the schema and tables of the cloud side. Default: no dry run can tell.
   */
  readonly payload?: Decoder<unknown> | undefined;
  /** How many values may be on their way to the disk at once. Together their payloads have at most 2 MiB. Default 1 000. */
  readonly inFlight?: number | undefined;
}

/**
 * Stores a message for every value in an outbox, and hands the value on when no power cut can take it any more. `forwardFrom` sends it.
 *
 * Emits one outcome for every value it works on, in their order: `Right(Stored)` after the commit that the message is in,
 * `Left(OutboxUnavailable)` with the `value` where the file cannot take it (the disk is full, another process has it, the disk failed),
 * `Left(InvalidRequest)` where it could never be sent: a wrong topic, or too large with the longest mark. Values that find the stage's own
 * buffer full are dropped by its policy; one `Left(Overflowed)` stands for them. If `toRequest` throws an error of this library, such as
 * that of `template.build`, it becomes an `InvalidRequest` of the value. With `onFull: 'refuse'`, a full outbox is `Left(Overflowed)` for
 * each.
 *
 * Messages of all stages share commits: after `commit.messages` of them or `commit.within` milliseconds, and at once when a source has
 * completed. Completes when the source has and every value has its outcome. An error of the source, or one thrown by `toRequest`, `key`,
 * `priority` or `expires`, is a defect and goes to the error channel.
 *
 * Memory: `buffer.messages` (1 000) waiting values, and `inFlight` (1 000) on their way to the disk, of 2 MiB. Unless `buffer.bytes` bounds
 * them, the bytes of those that wait count against the 16 MiB that all stages share.
 *
 * @param toRequest makes the message of a value, once.
 *
 * @example
 * ```ts
 * import { QOS, runToEnd } from 'greengrass-rx';
 * import { openOutbox, storeIn } from 'greengrass-rx/outbox';
 * import { of, tap } from 'rxjs';
 *
 * const outbox = openOutbox({ path: ':memory:' });
 * const stored$ = of({ meter: 7, kWh: 1.5 }).pipe(
 *   storeIn(outbox, ({ meter, kWh }) => ({ topicName: `meters/${meter}`, payload: JSON.stringify({ kWh }), qos: QOS.AT_LEAST_ONCE }), {
 *     key: ({ meter }) => `${meter}`,
 *     expires: () => 7 * 24 * 3_600_000,
 *   }),
 *   tap(outcome => console.log(outcome)), // Right, by the outbox, number 1
 * );
 * await runToEnd(stored$);
 * await outbox.close();
 * ```
 */
export function storeIn<A>(
  outbox: Outbox,
  toRequest: (value: A) => PublishRequest,
  options: StoreInOptions<NoInfer<A>> = {},
): Stage<A, Either<StoreFailure<A> | Overflowed, Stored<A>>> {
  const { key, priority, expires, stream = '', payload, inFlight = 1_000 } = options;
  if (typeof stream !== 'string') throw new TypeError(`stream must be a text, not ${inspect(stream)}.`);
  const topics = options.topics === undefined ? undefined : declaredFilters(options.topics);
  const undeclared = topics === undefined ? undefined : onlyDeclared(topics, options.name ?? 'storeIn', PUBLISH);
  const { mark, tellOldest, maxAge, profile: onlyFor } = outbox;
  const marks = { as: typeof mark === 'function' ? ('function' as const) : mark, tellsOldest: tellOldest, maxAge, profile: onlyFor };
  return stage('storeIn', options, () => {
    let open: Either<OutboxUnavailable<'message'>, OpenOutbox> | undefined;
    /** Values that came before the file was open. */
    let early: (() => void)[] = [];
    let sourceCompleted = false;
    let bytesToDisk = 0;
    let takesMore = true;
    let resize: (inFlight: number) => void = () => undefined;

    const underWay = (bytes: number): void => {
      bytesToDisk += bytes;
      if (bytesToDisk < BYTES_TO_DISK === takesMore) return;
      takesMore = !takesMore;
      resize(takesMore ? inFlight : 0);
    };
    const commit = (value: A, wanted: Wanted, destination: Subscriber<Either<StoreFailure<A>, Stored<A>>>): void => {
      if (open === undefined) {
        early.push(() => commit(value, wanted, destination));
        return;
      }
      const answer = (result: Either<StoreFailure<A>, Stored<A>>): void => {
        destination.next(result);
        destination.complete();
      };
      if (isLeft(open)) {
        answer(left(copyError(open.left, { value })));
        return;
      }
      const { request, ...asked } = wanted;
      const { topicName, payload, qos, ...members } = request;
      const record = {
        ...asked,
        stream,
        storedAt: open.right.now().timeOfDay,
        topicName,
        qos: qosOf(qos),
        payload: typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload,
        members: membersText(members),
      };
      open.right.commits.add({
        record,
        isGivenUp: () => destination.closed,
        isLast: () => sourceCompleted,
        onCommitted: committed => {
          if (isLeft(committed)) answer(left(copyError(committed.left, { value })));
          else answer(right({ by: 'outbox', value, number: committed.right.number, gaveWay: committed.right.gaveWay }));
        },
      });
    };

    const wantedOf = (value: A): Wanted | InvalidRequest<'message'> => {
      const request = atOnce(toRequest(value), 'toRequest');
      const profile = open !== undefined && !isLeft(open) ? open.right.profile : outbox.profile;
      const problem =
        publishProblem(request) ??
        topicProblem(outbox, request, options.name) ??
        undeclared?.(request.topicName) ??
        sizeProblem(outbox, request, stream, profile);
      if (problem !== undefined) return problem;
      const expiresIn = atOnce(expires?.(value), 'expires');
      const ownKey = atOnce(key?.(value), 'key') ?? request.topicName;
      // A key that is no text, or a priority that is no number, would fail the whole commit.
      if (typeof ownKey !== 'string') throw new TypeError(`key must give a text, and gave ${inspect(ownKey)}.`);
      return {
        request,
        key: ownKey,
        priority: checkAtLeast(atOnce(priority?.(value), 'priority') ?? 0, 'priority', -Number.MAX_VALUE),
        expiresIn: expiresIn === undefined ? undefined : checkTime(expiresIn, 'expires'),
      };
    };
    const work = (value: A): Observable<Either<StoreFailure<A>, Stored<A>>> => {
      let wanted: Wanted | InvalidRequest<'message'>;
      try {
        wanted = wantedOf(value);
      } catch (thrown) {
        // For a reason that lies in the value, as in publishTo: a topic template it does not fit into, a number JSON does not have.
        if (!isFailure(thrown)) throw thrown;
        wanted = new InvalidRequest('message', PUBLISH, '', 'client', thrown.message, thrown);
      }
      if (wanted instanceof InvalidRequest) return of(left(copyError(wanted, { value })));
      const made = wanted;
      const { length } = made.request.payload;
      return new Observable<Either<StoreFailure<A>, Stored<A>>>(destination => {
        underWay(length);
        commit(value, made, destination);
        return () => underWay(-length);
      });
    };

    return {
      inFlight,
      ordered: true,
      declaration: { inFlight, topics: topics ?? outbox.topics, payload, marks },
      job: (owner, bytes, value) => new ProjectJob(owner, bytes, value, work),
      onSourceCompleted: () => {
        sourceCompleted = true;
        if (open?._tag === 'Right') open.right.commits.hurry();
      },
      begin: changeInFlight => {
        resize = changeInFlight;
        // Open from the subscription to the end, not only while something is stored.
        const held = outbox.use().subscribe(answer => {
          open = answer;
          const waiting = early;
          early = [];
          for (const begin of waiting) begin();
        });
        return () => held.unsubscribe();
      },
    };
  });
}

/** JSON of the MQTT 5 members, with the bytes among them as base64. */
function membersText(members: Mqtt5Members): string {
  let none = true;
  for (const name in members) none &&= members[name as keyof Mqtt5Members] === undefined;
  if (none) return '';
  const { correlationData, ...rest } = members;
  return JSON.stringify({
    ...rest,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData).toString('base64') }),
  });
}
