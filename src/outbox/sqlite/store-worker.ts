import type { failureOf, Tables } from './database.js';
import type { fileState } from './file-state.js';
import type { openFile, OpenFileParts } from './open-file.js';
import type { putRecords } from './put-records.js';
import type { takeRecords } from './take-records.js';
import type { WorkerAnswer, WorkerFailure, WorkerRequest, WorkerResults } from './worker-protocol.js';

// Runs in the worker: see database.ts.

/** What the worker is made of. */
export interface WorkerParts extends OpenFileParts {
  readonly post: (answers: readonly WorkerAnswer[]) => void;
  readonly failureOf: typeof failureOf;
  readonly fileState: typeof fileState;
  readonly openFile: typeof openFile;
  readonly putRecords: typeof putRecords;
  readonly takeRecords: typeof takeRecords;
}

/** What is done together with others in one commit. */
type Committed = Exclude<WorkerRequest, { readonly op: 'open' | 'close' }>;

/**
 * The store: what is asked while a commit is under way is done in the next one together, and answered when that is on the disk.
 */
export function storeWorker(parts: WorkerParts): (request: WorkerRequest) => void {
  const { post, settings, failureOf } = parts;
  const { maxBytes } = settings;
  // A part of the bound is the WAL's, which grows with a commit and is written back before it is over its share.
  const walBytes = Math.min(4 << 20, Math.floor(maxBytes / 4));
  const file = parts.fileState(parts.crc32);
  const { state } = file;
  const files = parts.openFile(parts, file, walBytes);
  const putting = parts.putRecords(file, settings, walBytes, files);
  const taking = parts.takeRecords(file, settings);
  /** After a sync that failed nothing of this file is acknowledged any more. */
  let broken: WorkerFailure | undefined;
  /** Lost to damage while it was open, and not told yet. */
  let lost = 0;
  let epochs = 0;

  const shut = (): object => {
    files.close(broken === undefined);
    return {};
  };

  /** Gives free pages back, a few at each commit; all of them once nothing is stored. */
  const shrink = ({ database, pragma }: Tables): void => {
    const free = pragma('freelist_count');
    if (free > 0 && (state.inside === 0 || free > 1_024)) database.exec(`PRAGMA incremental_vacuum(${state.inside === 0 ? 0 : 256})`);
  };

  const taken = (found: WorkerResults['take']): WorkerResults['take'] => {
    const damaged = found.damaged + lost;
    lost = 0;
    return { ...found, damaged };
  };

  const perform = (request: Committed): WorkerResults['put' | 'take' | 'settle'] => {
    switch (request.op) {
      case 'put':
        return putting.put(request.records, request.now);
      case 'take':
        return taken(taking.take(request.take, request.now));
      case 'settle':
        return taking.settle(request.fates, request.now);
    }
  };

  /** All of these in one commit. Throws what went wrong, with nothing of them done. */
  const commit = (requests: readonly Committed[]): readonly WorkerAnswer[] => {
    const open = file.tables();
    const before = { ...state };
    let committed = false;
    open.database.exec('BEGIN IMMEDIATE');
    try {
      const results = requests.map(request => ({ id: request.id, failure: undefined, result: perform(request) }));
      shrink(open);
      file.save(requests.at(-1)?.now);
      open.database.exec('COMMIT');
      committed = true;
      // Known to be there before anybody is told that it is.
      if (state.nextPlace !== before.nextPlace) files.note();
      const news = file.news();
      return results.map(result => ({ ...result, ...news }));
    } catch (error) {
      const failure = failureOf(error);
      // What reached the disk is not known any more, and no later sync would tell.
      if (committed || failure.reason === 'sync-failed') broken = { ...failure, reason: 'sync-failed' };
      else if (failure.reason === 'unreadable') broken = failure;
      try {
        open.database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled it back already.
      }
      file.restore(before);
      putting.reset();
      throw error;
    }
  };

  /**
   * What was handed out before is handed out again, since the new file does not know of it: as sent, perhaps. Where the disk does not give
   * what is there, it stays where it is: it may do so at the next start.
   */
  const recover = (requests: readonly Committed[]): boolean => {
    const now = requests.at(-1)?.now;
    if (now === undefined || epochs > 2) return false;
    try {
      lost += files.mend(now, `${state.epoch}.${++epochs}`);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      broken = { ...failure, reason: failure.reason === 'unreadable' ? 'unreadable' : 'damaged' };
      return false;
    }
  };

  const answerAll = (requests: readonly Committed[]): readonly WorkerAnswer[] => {
    if (requests.length === 0) return [];
    try {
      if (broken === undefined) return commit(requests);
    } catch (error) {
      if (failureOf(error).reason === 'damaged' && recover(requests)) return answerAll(requests);
      // One that cannot be done must not take the others with it: a full disk still has room for a message less.
      if (requests.length > 1) return requests.flatMap(request => answerAll([request]));
      return requests.map(({ id }) => ({ id, failure: broken ?? failureOf(error) }));
    }
    const failure = broken;
    return requests.map(({ id }) => ({ id, failure }));
  };

  const answerAlone = (request: Exclude<WorkerRequest, Committed>): WorkerAnswer => {
    try {
      const result = request.op === 'open' ? files.open(request.now, request.epoch) : shut();
      return { id: request.id, failure: undefined, result, ...file.news() };
    } catch (error) {
      const failure = failureOf(error);
      try {
        files.close(false);
      } catch {
        // It could not be opened, or not be closed: there is nothing more to do for it.
      }
      return { id: request.id, failure };
    }
  };

  let waiting: WorkerRequest[] = [];
  const work = (): void => {
    const requests = waiting;
    waiting = [];
    let together: Committed[] = [];
    for (const request of requests) {
      if (request.op !== 'open' && request.op !== 'close') {
        together.push(request);
        continue;
      }
      post(answerAll(together));
      together = [];
      post([answerAlone(request)]);
    }
    post(answerAll(together));
  };
  return request => {
    if (waiting.push(request) === 1) setImmediate(work);
  };
}
