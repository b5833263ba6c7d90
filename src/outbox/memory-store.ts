import { right } from 'fp-ts/lib/Either.js';
import { of, type Observable } from 'rxjs';
import { MOST_RANGES } from './mark.js';
import type {
  Fate,
  LostRange,
  Moment,
  Opened,
  Put,
  RecordToStore,
  Store,
  StoredRecord,
  StoreNews,
  StoreSettings,
  Taken,
  TakeRequest,
} from './store.js';

interface Loss extends LostRange {
  readonly id: number;
}

interface Held extends Omit<StoredRecord, 'attempts'> {
  readonly age: number;
  readonly expires: number;
  readonly size: number;
  attempts: number;
  /** The losses that were told with it, by the last id. */
  told: number;
  claimed: boolean;
}

type Why = 'expired' | 'dropped' | 'setAside';

/** Ranges of lost numbers of a stream that are kept for its receivers, as in a file; of more, the oldest are forgotten. */
const MOST_LOSSES = 10_000;

/**
 * The store without a disk: for marble tests and dry runs, and held to the same contract as the one in a file. What it holds ends with it, and
 * it answers at once, so that virtual time stays exact.
 */
export const memoryStore = (settings: StoreSettings, newEpoch: () => string): Store => {
  const { maxBytes, maxAge, onFull } = settings;
  const epoch = newEpoch();
  const held = new Map<number, Held>();
  const next = new Map<string, number>();
  const lost = new Map<string, Loss[]>();
  let losses = 0;
  let toldUpTo = 0;
  const counts = { stored: 0, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside: 0 };
  let nextPlace = 1;
  let bytes = 0;

  const news = (): StoreNews => {
    const [first] = held.values();
    return { depth: { messages: held.size, bytes, oldest: first?.storedAt }, counts: { ...counts, inside: held.size } };
  };

  const remove = (record: Held, why: Why | 'forwarded'): void => {
    held.delete(record.place);
    bytes -= record.size;
    counts[why]++;
    if (why === 'forwarded') return;
    const ranges = lost.get(record.stream) ?? [];
    const last = ranges.at(-1);
    // What has been told is done with when its message is forwarded, and is not added to.
    if (last?.last === record.number - 1 && last.id > toldUpTo) ranges.splice(-1, 1, { ...last, last: record.number });
    else ranges.push({ id: ++losses, first: record.number, last: record.number });
    if (ranges.length > MOST_LOSSES) ranges.shift();
    lost.set(record.stream, ranges);
  };

  const unclaimed = (): Held[] => [...held.values()].filter(({ claimed }) => !claimed);

  const victim = (): Held | undefined => {
    const waiting = unclaimed();
    if (onFull !== 'latestPerKey') return waiting[0];
    const newest = new Map(waiting.map(({ key, place }) => [key, place]));
    return waiting.find(({ key, place }) => newest.get(key) !== place) ?? waiting[0];
  };

  const put = (records: readonly RecordToStore[], now: Moment): Put => {
    for (const record of unclaimed()) if (record.age + maxAge <= now.age) remove(record, 'expired');
    const told = { dropped: 0, droppedBytes: 0 };
    const place = nextPlace;
    const numbers: number[] = [];
    for (const record of records) {
      const size = Buffer.byteLength(record.topicName) + record.payload.length;
      while (bytes + size > maxBytes) {
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
      held.set(nextPlace, {
        ...rest,
        epoch,
        place: nextPlace++,
        number,
        age: now.age,
        expires: now.age + Math.min(expiresIn, maxAge),
        size,
        attempts: 0,
        suspect: false,
        claimed: false,
        told: 0,
        lost: [],
      });
      bytes += size;
      counts.stored++;
    }
    return { taken: numbers.length, place, numbers, ...told, ...news() };
  };

  const take = (request: TakeRequest, now: Moment): Taken => {
    const records: StoredRecord[] = [];
    const told = new Set<string>();
    let expired = 0;
    let size = 0;
    const waiting = unclaimed().filter(({ place }) => place >= request.from && place < request.before);
    for (const record of waiting.sort((a, b) => b.priority - a.priority || a.place - b.place)) {
      if (records.length >= request.messages || size >= request.bytes) break;
      if (record.expires <= now.age) {
        expired++;
        remove(record, 'expired');
        continue;
      }
      record.claimed = true;
      size += record.size;
      const ranges = told.has(record.stream)
        ? []
        : (lost.get(record.stream) ?? []).filter(({ last }) => last < record.number).slice(0, MOST_RANGES);
      told.add(record.stream);
      record.told = ranges.at(-1)?.id ?? 0;
      toldUpTo = Math.max(toldUpTo, record.told);
      const { age: _age, expires: _expires, size: _size, claimed: _claimed, told: _told, ...stored } = record;
      records.push({ ...stored, lost: ranges.map(({ first, last }) => ({ first, last })) });
    }
    return { records, expired, damaged: 0, setAside: 0, ...news() };
  };

  const settle = (fates: readonly Fate[]): StoreNews => {
    for (const { place, fate } of fates) {
      const record = held.get(place);
      if (record?.claimed !== true || fate === 'sent' || fate === 'sending') continue;
      if (fate === 'released' || fate === 'handedBack') {
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

  const opened = (now: Moment): Opened => ({
    epoch,
    lostToDamage: 0,
    movedTo: undefined,
    nextPlace,
    age: now.age,
    timeOfDay: now.timeOfDay,
    ...news(),
  });
  const answer = <A>(value: () => A): Observable<ReturnType<typeof right<never, A>>> => of(right(value()));

  return {
    open: now => answer(() => opened(now)),
    put: (records, now) => answer(() => put(records, now)),
    take: (request, now) => answer(() => take(request, now)),
    settle: fates => answer(() => settle(fates)),
    close: () => of(right(undefined)),
  };
};
