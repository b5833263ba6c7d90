import { left, right } from 'fp-ts/lib/Either.js';
import { NEVER, of } from 'rxjs';
import { OutboxUnavailable, type OutboxUnavailableReason } from '../errors/errors.js';
import type { ObservableEither } from '../stream/observable-either.js';
import {
  type Fate,
  type LostRange,
  type Moment,
  MAX_RANGES,
  type Opened,
  type Put,
  type RecordToStore,
  type Store,
  type StoredRecord,
  type StoreNews,
  type StoreSettings,
  type Taken,
  type TakeRequest,
} from './store.js';

interface Loss extends LostRange {
  readonly id: number;
}

interface Held extends Omit<StoredRecord, 'attempts' | 'suspect'> {
  readonly age: number;
  readonly expires: number;
  readonly size: number;
  attempts: number;
  suspect: boolean;
  /** Ends of the process while it was sent alone, one after the other. */
  crashes: number;
  /** The losses that were told with it, by the last id. */
  told: number;
  claimed: false | 'handedOut' | 'sent' | 'sending';
}

type Why = 'expired' | 'dropped' | 'setAside';

/** What is done that may find the disk in trouble. */
type Attempt = 'open' | 'put' | 'take' | 'settle';

/** What a store in memory holds, as far as it would outlive the process in a file. */
export class MemoryFile {
  epoch: string | undefined;
  readonly held: Map<number, Held> = new Map<number, Held>();
  readonly next: Map<string, number> = new Map<string, number>();
  readonly lost: Map<string, Loss[]> = new Map<string, Loss[]>();
  losses = 0;
  toldUpTo = 0;
  readonly counts = { stored: 0, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0 };
  nextPlace = 1;
  bytes = 0;
  /** Messages of another priority than 0. */
  urgent = 0;
  last: Moment | undefined;
  isOpen = false;

  /** The machine went down, and no message is what ended the process. */
  cutPower(): void {
    this.isOpen = false;
    for (const record of this.held.values()) if (record.claimed === 'sending') record.claimed = 'handedOut';
  }
}

/** Ranges of lost numbers of a stream that are kept for its receivers, as in a file; of more, the oldest are forgotten. */
const MAX_LOSSES = 10_000;
/** Ends of the process while a message was sent alone, after which it is set aside, as in a file. */
const CRASHES = 2;

/**
 * The store without a disk: for marble tests and dry runs, and held to the same contract as the one in a file. It answers at once, so that
 * virtual time stays exact.
 *
 * @param file what there is already. What the store holds ends with it.
 * @param trouble what is wrong with the disk it plays; `gone`: nothing is answered any more.
 */
export function memoryStore(
  settings: StoreSettings & { readonly path?: string | undefined },
  newEpoch: () => string,
  file: MemoryFile = new MemoryFile(),
  trouble: (attempt: Attempt) => OutboxUnavailableReason | 'gone' | undefined = () => undefined,
): Store {
  const { maxBytes, maxAge, onFull, path = ':memory:' } = settings;
  const { held, next, lost, counts } = file;
  let epoch = '';

  const news = (): StoreNews => {
    const [first] = held.values();
    return { depth: { messages: held.size, bytes: file.bytes, oldest: first?.storedAt }, counts: { ...counts, inside: held.size } };
  };

  const remove = (record: Held, why: Why | 'forwarded'): void => {
    held.delete(record.place);
    file.bytes -= record.size;
    if (record.priority !== 0) file.urgent--;
    counts[why]++;
    if (why === 'forwarded') return;
    const ranges = lost.get(record.stream) ?? [];
    const last = ranges.at(-1);
    // What has been told is done with when its message is forwarded, and is not added to.
    if (last?.last === record.number - 1 && last.id > file.toldUpTo) ranges.splice(-1, 1, { ...last, last: record.number });
    else ranges.push({ id: ++file.losses, first: record.number, last: record.number });
    if (ranges.length > MAX_LOSSES) ranges.shift();
    lost.set(record.stream, ranges);
  };

  const unclaimed = (): Held[] => [...held.values()].filter(({ claimed }) => claimed === false);

  /**
   * Those in a range of places that may be handed out, the more urgent first. In a day of a marble test there are many: only what is needed
   * is looked at.
   */
  function* inOrder({ from, before }: TakeRequest): Generator<Held> {
    if (file.urgent > 0) {
      const waiting = unclaimed().filter(({ place }) => place >= from && place < before);
      yield* waiting.sort((a, b) => b.priority - a.priority || a.place - b.place);
      return;
    }
    const [first = file.nextPlace] = held.keys();
    const begin = Math.max(from, first);
    const end = Math.min(before, file.nextPlace);
    if (end - begin > held.size) {
      for (const record of held.values()) if (record.place >= begin && record.place < end && record.claimed === false) yield record;
      return;
    }
    for (let place = begin; place < end; place++) {
      const record = held.get(place);
      if (record?.claimed === false) yield record;
    }
  }

  const victim = (): Held | undefined => {
    if (onFull !== 'latestPerKey') {
      for (const record of held.values()) if (record.claimed === false) return record;
      return undefined;
    }
    const waiting = unclaimed();
    const newest = new Map(waiting.map(({ key, place }) => [key, place]));
    return waiting.find(({ key, place }) => newest.get(key) !== place) ?? waiting[0];
  };

  const put = (records: readonly RecordToStore[], now: Moment): Put => {
    if (maxAge !== Infinity) for (const record of unclaimed()) if (record.age + maxAge <= now.age) remove(record, 'expired');
    const told = { dropped: 0, droppedBytes: 0 };
    const place = file.nextPlace;
    const numbers: number[] = [];
    for (const record of records) {
      const size = Buffer.byteLength(record.topicName) + record.payload.length;
      while (file.bytes + size > maxBytes) {
        const gives = onFull === 'refuse' ? undefined : victim();
        if (gives === undefined) return { taken: numbers.length, place, numbers, ...told, ...news() };
        remove(gives, 'dropped');
        told.dropped++;
        told.droppedBytes += gives.size;
      }
      const number = next.get(record.stream) ?? 1;
      next.set(record.stream, number + 1);
      numbers.push(number);
      const { expiresIn = Infinity, ...rest } = record;
      held.set(file.nextPlace, {
        ...rest,
        epoch,
        place: file.nextPlace++,
        number,
        age: now.age,
        expires: now.age + Math.min(expiresIn, maxAge),
        size,
        attempts: 0,
        suspect: false,
        crashes: 0,
        claimed: false,
        told: 0,
        lost: [],
      });
      file.bytes += size;
      if (rest.priority !== 0) file.urgent++;
      counts.stored++;
    }
    return { taken: numbers.length, place, numbers, ...told, ...news() };
  };

  const take = (request: TakeRequest, now: Moment): Taken => {
    const records: StoredRecord[] = [];
    const told = new Set<string>();
    const found = { expired: 0, damaged: 0, setAside: 0 };
    let size = 0;
    for (const record of inOrder(request)) {
      if (records.length >= request.messages || size >= request.bytes) break;
      if (record.expires <= now.age) {
        found.expired++;
        remove(record, 'expired');
        continue;
      }
      if (record.crashes >= CRASHES) {
        found.setAside++;
        remove(record, 'setAside');
        continue;
      }
      record.claimed = 'handedOut';
      size += record.size;
      const ranges = told.has(record.stream)
        ? []
        : (lost.get(record.stream) ?? []).filter(({ last }) => last < record.number).slice(0, MAX_RANGES);
      told.add(record.stream);
      record.told = ranges.at(-1)?.id ?? 0;
      file.toldUpTo = Math.max(file.toldUpTo, record.told);
      const { age: _age, expires: _expires, size: _size, claimed: _claimed, told: _told, crashes: _crashes, ...stored } = record;
      records.push({ ...stored, lost: ranges.map(({ first, last }) => ({ first, last })) });
    }
    return { records, ...found, ...news() };
  };

  const settle = (fates: readonly Fate[]): StoreNews => {
    for (const { place, fate } of fates) {
      const record = held.get(place);
      if (record === undefined || record.claimed === false) continue;
      if (record.claimed === 'sending') record.crashes = 0;
      if (fate === 'sent' || fate === 'sending') record.claimed = fate;
      else if (fate === 'survived') record.claimed = 'handedOut';
      else if (fate === 'released' || fate === 'handedBack') {
        record.claimed = false;
        if (fate === 'released') record.attempts++;
      } else if (fate === 'forwarded') {
        lost.set(
          record.stream,
          (lost.get(record.stream) ?? []).filter(({ id, last }) => id > record.told || last > record.number),
        );
        remove(record, 'forwarded');
      } else remove(record, 'setAside');
    }
    return news();
  };

  const open = (now: Moment): Opened => {
    file.isOpen = true;
    epoch = file.epoch ??= newEpoch();
    // Handed out when the process ended: one of them may be what ended it. Only of one that was on its way alone is that known.
    for (const record of held.values()) {
      if (record.claimed === false) continue;
      record.attempts++;
      if (record.claimed === 'sending') record.crashes++;
      record.suspect = record.claimed !== 'sent';
      record.claimed = false;
    }
    const { age, timeOfDay } = file.last ?? now;
    return { epoch, lostToDamage: 0, movedTo: undefined, nextPlace: file.nextPlace, age, timeOfDay, ...news() };
  };

  const answer = <A>(attempt: Attempt, now: Moment, value: () => A): ObservableEither<OutboxUnavailable<'message'>, A> => {
    const wrong = trouble(attempt);
    if (wrong === 'gone') return NEVER;
    if (wrong !== undefined) return of(left(new OutboxUnavailable('message', path, wrong)));
    const done = value();
    file.last = now;
    return of(right(done));
  };

  return {
    open: now => answer('open', now, () => open(now)),
    put: (records, now) => answer('put', now, () => put(records, now)),
    take: (request, now) => answer('take', now, () => take(request, now)),
    settle: (fates, now) => answer('settle', now, () => settle(fates)),
    close: () => {
      if (trouble('settle') !== 'gone') file.isOpen = false;
      return of(right(undefined));
    },
  };
}

/** What is in memory is still there when the outbox is used again. */
export function onlyOne(make: () => Store): () => Store {
  let made: Store | undefined;
  return () => (made ??= make());
}
