/** What stands in a {@link List}. Both are the list's to change. */
export interface Linked<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * A list that runs through its items themselves: adding one at the end and taking one out of anywhere are O(1) and allocate nothing. An item
 * stands in one list at a time, and keeps nothing of it once it is out: what is old and dead must not keep what is young alive.
 */
export class List<T extends Linked<T>> {
  first: T | undefined;
  last: T | undefined;

  append(item: T): void {
    item.before = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.after = item;
    this.last = item;
  }

  /** Takes an item out; of one that is in no list, nothing. */
  delete(item: T): void {
    const { before, after } = item;
    if (before === undefined) {
      if (this.first !== item) return;
      this.first = after;
    } else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    item.before = item.after = undefined;
  }

  /** Takes all out. */
  clear(): void {
    for (let item = this.first; item !== undefined; item = this.first) this.delete(item);
  }

  /** From the first to the last. The item that is given may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.first; item !== undefined;) {
      const { after } = item;
      yield item;
      item = after;
    }
  }
}
