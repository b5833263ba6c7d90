/** An item of a {@link Heap}. It knows its own place there. */
export interface Placed {
  /** Only the heap changes it. -1 while the item is in none. */
  place: number;
}

/** A binary heap: tells which of many items comes first. Each method but {@link first} and {@link clear} is O(log n). */
export class Heap<T extends Placed> {
  readonly #isBefore: (one: T, other: T) => boolean;
  #items: T[] = [];

  constructor(isBefore: (one: T, other: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item, or moves one that is there to the place it belongs in now. */
  set(item: T): void {
    if (item.place < 0) item.place = this.#items.push(item) - 1;
    this.#rise(item);
    this.#sink(item);
  }

  delete(item: T): void {
    const { place } = item;
    const last = this.#items.at(-1);
    if (place < 0 || last === undefined) return;
    this.#items.pop();
    item.place = -1;
    if (last === item) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  clear(): void {
    for (const item of this.#items) item.place = -1;
    this.#items = [];
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const above = (item.place - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) return;
      this.#put(parent, item.place);
      this.#put(item, above);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const below = 2 * item.place + 1;
      const [left, right] = [this.#items[below], this.#items[below + 1]];
      const child = right !== undefined && left !== undefined && this.#isBefore(right, left) ? right : left;
      if (child === undefined || !this.#isBefore(child, item)) return;
      const { place } = child;
      this.#put(child, item.place);
      this.#put(item, place);
    }
  }
}
