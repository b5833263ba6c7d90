/** An item of a {@link List}. Only the list changes these two. */
export interface Linked<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * A linked list whose links are members of its items: adding one at the end and taking one out anywhere are O(1) and allocate nothing. An
 * item is in one list at a time, and has no links any more once it is out: an item that is done with must not keep younger ones in memory.
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

  /** Takes an item out. Does nothing if it is in no list. */
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

  /** From the first to the last. The item that was just given may be taken out before the next is asked for. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.first; item !== undefined;) {
      const { after } = item;
      yield item;
      item = after;
    }
  }
}
