import type { Waiting } from './waiting.js';

interface Link<A> {
  readonly value: A;
  readonly bytes: number;
  readonly key: unknown;
  before: Link<A> | undefined;
  after: Link<A> | undefined;
  /** Whether a newer value of the same key waits. */
  overtaken: boolean;
  overtakenBefore: Link<A> | undefined;
  overtakenAfter: Link<A> | undefined;
}

/**
 * Values in the order they came, of which one that a newer value of its key has overtaken gives way first. Two lists run
 * through the same links: all values, and the overtaken ones; a map finds the last value of a key and holds no other.
 */
export class LatestPerKey<A> implements Waiting<A> {
  length = 0;
  private readonly keyOf: (value: A) => unknown;
  private readonly last = new Map<unknown, Link<A>>();
  private first: Link<A> | undefined;
  private end: Link<A> | undefined;
  private firstOvertaken: Link<A> | undefined;
  private endOvertaken: Link<A> | undefined;

  constructor(keyOf: (value: A) => unknown) {
    this.keyOf = keyOf;
  }

  push(value: A, bytes: number): void {
    const key = this.keyOf(value);
    const link: Link<A> = {
      value,
      bytes,
      key,
      before: this.end,
      after: undefined,
      overtaken: false,
      overtakenBefore: undefined,
      overtakenAfter: undefined,
    };
    if (this.end === undefined) this.first = link;
    else this.end.after = link;
    this.end = link;
    this.length++;
    const previous = this.last.get(key);
    if (previous !== undefined) this.overtake(previous);
    this.last.set(key, link);
  }

  headBytes(): number {
    return this.first?.bytes ?? 0;
  }

  shift(): A {
    return this.take(this.first);
  }

  evictBytes(): number {
    return (this.firstOvertaken ?? this.first)?.bytes ?? 0;
  }

  evict(): A {
    return this.take(this.firstOvertaken ?? this.first);
  }

  clear(): void {
    this.last.clear();
    this.first = this.end = this.firstOvertaken = this.endOvertaken = undefined;
    this.length = 0;
  }

  private overtake(link: Link<A>): void {
    link.overtaken = true;
    link.overtakenBefore = this.endOvertaken;
    if (this.endOvertaken === undefined) this.firstOvertaken = link;
    else this.endOvertaken.overtakenAfter = link;
    this.endOvertaken = link;
  }

  private take(link: Link<A> | undefined): A {
    if (link === undefined) throw new Error('nothing waits');
    if (link.before === undefined) this.first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.end = link.before;
    else link.after.before = link.before;
    if (link.overtaken) {
      if (link.overtakenBefore === undefined) this.firstOvertaken = link.overtakenAfter;
      else link.overtakenBefore.overtakenAfter = link.overtakenAfter;
      if (link.overtakenAfter === undefined) this.endOvertaken = link.overtakenBefore;
      else link.overtakenAfter.overtakenBefore = link.overtakenBefore;
    } else {
      this.last.delete(link.key);
    }
    // As in a window: what is old and dead must not keep what is young alive.
    link.before = link.after = link.overtakenBefore = link.overtakenAfter = undefined;
    this.length--;
    return link.value;
  }
}
