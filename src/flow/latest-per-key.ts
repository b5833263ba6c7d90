import { atOnce } from '../shared/check-argument.js';
import { type Linked, List } from '../shared/list.js';
import type { Waiting } from '../shared/ring.js';

interface Entry<A> extends Linked<Entry<A>> {
  readonly value: A;
  readonly bytes: number;
  readonly key: unknown;
  /** Its place among the overtaken ones, once a newer value of the same key waits. */
  overtaken: Overtaken<A> | undefined;
}

interface Overtaken<A> extends Linked<Overtaken<A>> {
  readonly entry: Entry<A>;
}

/**
 * Values in the order they came, of which one that a newer value of its key has overtaken gives way first. Two lists: all values, and the
 * overtaken ones; a map finds the last value of a key and holds no other.
 */
export class LatestPerKey<A> implements Waiting<A> {
  length = 0;
  readonly #keyOf: (value: A) => unknown;
  readonly #last = new Map<unknown, Entry<A>>();
  readonly #all: List<Entry<A>> = new List();
  readonly #overtaken: List<Overtaken<A>> = new List();

  constructor(keyOf: (value: A) => unknown) {
    this.#keyOf = keyOf;
  }

  push(value: A, bytes: number): void {
    const key = atOnce(this.#keyOf(value), 'buffer.key');
    const entry: Entry<A> = { value, bytes, key, before: undefined, after: undefined, overtaken: undefined };
    this.#all.append(entry);
    this.length++;
    const previous = this.#last.get(key);
    if (previous !== undefined) {
      previous.overtaken = { entry: previous, before: undefined, after: undefined };
      this.#overtaken.append(previous.overtaken);
    }
    this.#last.set(key, entry);
  }

  headBytes(): number {
    return this.#all.first?.bytes ?? 0;
  }

  shift(): A {
    return this.#take(this.#all.first);
  }

  evictBytes(): number {
    return this.#firstToGive()?.bytes ?? 0;
  }

  evict(): A {
    return this.#take(this.#firstToGive());
  }

  clear(): void {
    this.#last.clear();
    this.#overtaken.clear();
    this.#all.clear();
    this.length = 0;
  }

  #firstToGive(): Entry<A> | undefined {
    return this.#overtaken.first?.entry ?? this.#all.first;
  }

  #take(entry: Entry<A> | undefined): A {
    if (entry === undefined) throw new Error('nothing waits');
    this.#all.delete(entry);
    if (entry.overtaken === undefined) this.#last.delete(entry.key);
    else this.#overtaken.delete(entry.overtaken);
    this.length--;
    return entry.value;
  }
}
