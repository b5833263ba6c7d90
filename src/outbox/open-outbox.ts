import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, catchError, from, mergeMap, of, type SchedulerLike } from 'rxjs';
import { OutboxUnavailable } from '../errors/errors.js';
import type { Profile } from '../ports/mqtt-proxy.js';
import { type DeclaredTopic, declaredFilters } from '../flow/declaration.js';
import { type Ledger, ledger as ledgerOfAll } from '../flow/ledger.js';
import { publishTopicProblem } from '../topic/topic-rules.js';
import { parseBasicIngest } from '../topic/prefixed-topics.js';
import type { CommitOptions } from './group-commit.js';
import { isSampled, unconfirmable } from './seen-back.js';
import type { MarkWith } from './mark.js';
import { memoryStore, onlyOne } from './memory-store.js';
import { FileOutbox } from './file-outbox.js';
import type { DeleteWhen, Outbox } from './outbox.js';
import type { Store } from './store.js';
import { checkAtLeast, checkBound, checkOneOf, checkPositiveTime, checkShare, checkText, checkTime } from '../shared/check-argument.js';

/** How an outbox keeps messages. */
export interface OutboxOptions {
  /**
   * The file; beside it are its write-ahead log (`-wal`) and its mark (`-mark`). One outbox a file. Default `outbox.sqlite` in the working
   * folder, which Greengrass sets to the component's own work folder. Made for the process' own user alone (mode 0600). `':memory:'`: no
   * file; what it holds ends with the process.
   */
  readonly path?: string | undefined;
  /**
   * Bytes on the disk, all files together. From 1 MiB on. Default 64 MiB. A file that was found to be damaged is kept beside it
   * (`.damaged`) until its room is needed; only while one is mended may there be as much again.
   */
  readonly maxBytes?: number | undefined;
  /** Milliseconds after which a message is too old to be sent. Default: never. */
  readonly maxAge?: number | undefined;
  /**
   * What gives way when it is full:
   * - `dropOldest` (default): the message that was stored first.
   * - `refuse`: nothing; new messages become `Left(Overflowed)`.
   * - `latestPerKey`: a message that a newer one of its key has overtaken; where there is none, the oldest.
   */
  readonly onFull?: 'dropOldest' | 'refuse' | 'latestPerKey' | undefined;
  /**
   * How each message tells its receiver when it was stored, whether it is replayed, and its id:
   * - `members` (default): as MQTT 5 user properties, which Greengrass Lite does not carry.
   * - `wrap`: as a JSON object around the payload.
   * - a function: as it likes.
   */
  readonly mark?: MarkWith | undefined;
  /**
   * Whether each message also tells when the oldest unsent message was stored (`oldest` of its mark). So the receiver knows up to which
   * time it has everything of this device. Default `false`.
   */
  readonly tellOldest?: boolean | undefined;
  /**
   * The topics its messages are for: names, filters, templates. `storeIn` refuses a message for any other topic. Default: any.
   * `deleteWhen: 'confirmed'` subscribes to them, and needs them.
   */
  readonly topics?: readonly DeclaredTopic[] | undefined;
  /**
   * When a message is deleted:
   * - `'accepted'` (default): when the nucleus has taken it. A message that it has not sent yet may be lost if it dies.
   * - `'confirmed'`: when it has been seen coming back from the cloud on its topic. Each message is received again for that, so it doubles
   *   the traffic. Needs `topics`, and `mark` as `members` or, for Greengrass Lite, `wrap`.
   * - `{ confirmed: { sample, topicName } }`: when a small message, sent after it to this topic, has come back. One is sent for every
   *   `1 / sample` messages. Works with any topics and marks. It says less than `'confirmed'`: it does not show that the nucleus itself has
   *   silently lost a message.
   * - `{ after }`: that many milliseconds after the nucleus took it, if the connection has held so long; else it is sent again.
   */
  readonly deleteWhen?: DeleteWhen | undefined;
  /**
   * The nucleus it is for. Its limits decide which messages are too large to be stored; a dry run also checks whether the marks arrive
   * there. Default: the nucleus that the forwarder finds, and until then `classic`. A message that then turns out to be too large for
   * Greengrass Lite is set aside, with that reason.
   */
  readonly profile?: Profile | undefined;
  /** How many messages share one sync of the disk. */
  readonly commit?: CommitOptions | undefined;
  /** The ledger that has its account: what became of every message that was ever stored in the file. Default: `ledger`. */
  readonly ledger?: Ledger | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Bytes below which SQLite itself would have no room to work in. */
const SMALLEST = 1 << 20;

/**
 * Keeps messages until they have been sent: through times without a connection, the end of the process, and power cuts. `storeIn` stores,
 * `forwardFrom` sends.
 *
 * One SQLite file (`node:sqlite`: Node 22.13 or newer) in a worker thread, so that no commit holds up messages. A message that is `Stored`
 * was synced to the disk. The file is opened when the first stage or forwarder is subscribed, and closed a second after the last has ended,
 * or at once by `close()`. Stages and forwarders of a file that cannot be used get a `Left(OutboxUnavailable)`; a file that is busy or has
 * no room is tried again each second.
 *
 * - *Bounds*: `maxBytes` on the disk and `maxAge`. Messages that give way are counted in `depth$`, and the stage and the forwarder report
 *   them.
 * - *At least once*: a message is deleted after it was accepted, or when `deleteWhen` says. It may come twice after a crash; its mark then
 *   says so.
 * - *Ages* are counted on a clock that a time server does not move: a device that wakes up in 1970 loses nothing when its clock is set.
 *
 * Memory: the messages of one commit, and 64 messages that are read ahead, however many are stored.
 *
 * @throws RangeError for bounds out of range, malformed topics, and `deleteWhen: 'confirmed'` where no message can be seen back.
 * @throws TypeError for a `path` that is none, and for words that it does not know.
 *
 * @example
 * ```ts
 * import { connect, QOS, runToEnd, mergeW } from 'greengrass-rx';
 * import { forwardFrom, openOutbox, storeIn } from 'greengrass-rx/outbox';
 * import { interval, take, takeUntil, timer } from 'rxjs';
 *
 * const proxy = connect();
 * // On a device, leave `path` out: a file in the component's work folder. This one ends with the process.
 * const outbox = openOutbox({ path: ':memory:', maxBytes: 16 << 20, commit: { messages: 100, within: 50 } });
 * const stored$ = interval(10).pipe(
 *   take(3),
 *   storeIn(outbox, n => ({ topicName: 'meters/7', payload: JSON.stringify({ n }), qos: QOS.AT_LEAST_ONCE })),
 * );
 * const forwarded$ = forwardFrom(outbox, proxy).pipe(takeUntil(timer(1_000)));
 * await runToEnd(mergeW(stored$, forwarded$));
 * await outbox.close();
 * await proxy.close();
 * ```
 */
export function openOutbox(options: OutboxOptions = {}): Outbox {
  return outboxOf(options, process.cwd());
}

/**
 * The outboxes of one run of a component: one for each path, open from its first use until all are closed.
 */
export class OwnOutboxes {
  readonly #folder: string | undefined;
  readonly #onMade: (outbox: Outbox) => void;
  readonly #ledger: Ledger;
  readonly #outboxes = new Map<string, { readonly options: OutboxOptions; readonly outbox: FileOutbox }>();

  /**
   * @param folder that relative paths are in. `undefined`: none touches the disk.
   * @param onMade is told of each.
   * @param ledger that has their accounts.
   */
  constructor(folder: string | undefined, onMade: (outbox: Outbox) => void = () => undefined, ledger: Ledger = ledgerOfAll) {
    this.#folder = folder;
    this.#onMade = onMade;
    this.#ledger = ledger;
  }

  /** Asked for again, as when streams are made anew, it is the same one. */
  readonly open = (options: OutboxOptions = {}): Outbox => {
    const { path = FILE } = options;
    // Two ways to write one path are one file, which only one can have open.
    const file = path === MEMORY ? path : resolve(this.#folder ?? '/', checkText(path, 'path'));
    const known = this.#outboxes.get(file);
    if (known !== undefined) {
      if (!isDeepStrictEqual({ ...known.options, path }, { ...options, path }))
        throw new RangeError(`This component has opened the outbox ${path} already, with other options. Open it once, and share it.`);
      return known.outbox;
    }
    const outbox = outboxOf({ ledger: this.#ledger, ...options }, this.#folder, true);
    this.#outboxes.set(file, { options, outbox });
    this.#onMade(outbox);
    return outbox;
  };

  /** Commits what waits, and has all outcomes of it told. One whose disk does not answer within so many milliseconds is closed. */
  async commit(within: number): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map(({ outbox }) => outbox.commit(within)));
  }

  /** Commits what waits, and closes all. A disk that does not answer within so many milliseconds is not waited for. */
  async close(within?: number): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map(({ outbox }) => outbox.close(within)));
  }
}

const FILE = 'outbox.sqlite';
const MEMORY = ':memory:';

const ON_FULL = ['dropOldest', 'refuse', 'latestPerKey'] as const;

/** @param folder that a relative path is in. `undefined`: it touches no disk. */
function outboxOf(options: OutboxOptions, folder: string | undefined, staysOpen = false): FileOutbox {
  const {
    path = FILE,
    maxBytes = 64 << 20,
    maxAge = Infinity,
    onFull = 'dropOldest',
    mark = 'members',
    tellOldest = false,
    deleteWhen = 'accepted',
    profile,
    commit = {},
    ledger = ledgerOfAll,
    scheduler = asyncScheduler,
  } = options;
  checkText(path, 'path');
  checkOneOf(onFull, 'onFull', ON_FULL);
  if (typeof mark !== 'function') checkOneOf(mark, 'mark', ['members', 'wrap']);
  if (typeof deleteWhen === 'string') checkOneOf(deleteWhen, 'deleteWhen', ['accepted', 'confirmed']);
  checkAtLeast(maxBytes, 'maxBytes', SMALLEST);
  checkPositiveTime(maxAge, 'maxAge');
  const { messages = 100, within = 100 } = commit;
  checkBound(messages, 'commit.messages');
  checkTime(within, 'commit.within');
  const topics = options.topics === undefined ? undefined : declaredFilters(options.topics);
  if (deleteWhen === 'confirmed') checkConfirmable(topics, mark, profile);
  else if (isSampled(deleteWhen)) checkSampled(deleteWhen.confirmed);
  else if (deleteWhen !== 'accepted') checkPositiveTime(deleteWhen.after, 'deleteWhen.after');
  const settings = { maxBytes, maxAge, onFull };
  const file = path === MEMORY || folder === undefined ? path : resolve(folder, path);
  const isInMemory = path === MEMORY;
  return new FileOutbox({
    path: file,
    mark,
    tellOldest,
    topics,
    deleteWhen,
    profile,
    settings,
    isInMemory,
    make:
      isInMemory || folder === undefined
        ? onlyOne(() => memoryStore({ ...settings, path }, () => crypto.randomUUID()))
        : () =>
            loadedStore(file, async () =>
              (await import('./sqlite/sqlite-store.js')).sqliteStore({ ...settings, path: file }, () => crypto.randomUUID()),
            ),
    // There is nothing to close in what is only in memory.
    staysOpen: staysOpen || isInMemory,
    commit: { messages, within },
    ledger,
    scheduler,
  });
}

function checkConfirmable(topics: readonly string[] | undefined, mark: MarkWith, profile: Profile | undefined): void {
  if (topics === undefined || topics.length === 0)
    throw new RangeError("deleteWhen: 'confirmed' subscribes to the topics of the messages, so it needs to be told them: topics.");
  const ingest = topics.find(topic => parseBasicIngest(topic) !== undefined || topic.startsWith('$'));
  if (ingest !== undefined)
    throw new RangeError(
      `deleteWhen: 'confirmed' cannot see a message to ${JSON.stringify(ingest)} back: nobody can subscribe to it. Use 'accepted' or { after }.`,
    );
  if (typeof mark === 'function')
    throw new RangeError("deleteWhen: 'confirmed' has to recognise messages by their mark, so mark must be 'members' or 'wrap'.");
  const unconfirmed = profile === undefined ? undefined : unconfirmable({ deleteWhen: 'confirmed', mark, topics }, profile);
  if (unconfirmed !== undefined) throw new RangeError(unconfirmed.message);
}

function checkSampled({ sample, topicName }: { readonly sample: number; readonly topicName: string }): void {
  checkShare(sample, 'deleteWhen.confirmed.sample');
  const problem = publishTopicProblem(topicName);
  if (problem !== undefined) throw new RangeError(`deleteWhen.confirmed.topicName: ${problem}`);
  if (topicName.startsWith('$'))
    throw new RangeError(`deleteWhen.confirmed.topicName: nobody can subscribe to ${JSON.stringify(topicName)}.`);
}

/**
 * A store whose code is loaded when it is opened: a component that has no outbox starts without it. Nothing is asked of a store before it
 * has answered that.
 */
function loadedStore(path: string, load: () => Promise<Store>): Store {
  let loading: Promise<Store> | undefined;
  let loaded: Store | undefined;
  const there = (): Store => {
    if (loaded === undefined) throw new Error('A store was used before it was open.');
    return loaded;
  };
  return {
    open: now => {
      loading ??= load().then(store => (loaded = store));
      return from(loading).pipe(
        mergeMap(store => store.open(now)),
        catchError((error: unknown) => of(left(new OutboxUnavailable('message', path, 'unusable', error)))),
      );
    },
    put: (records, now) => there().put(records, now),
    take: (request, now) => there().take(request, now),
    settle: (fates, now) => there().settle(fates, now),
    close: () =>
      loading === undefined
        ? of(right(undefined))
        : from(loading).pipe(
            mergeMap(store => store.close()),
            catchError(() => of(right(undefined))),
          ),
  };
}
