/** Something that is due at a time, and knows where in the heap it is. */
export interface Due {
  due: number;
  /** Kept by the heap. -1 where it is in none. */
  place: number;
}

/** What is due first, of many: a binary heap. Each method but {@link first} is O(log n). */
export class DueHeap<T extends Due> {
  private readonly heap: T[] = [];

  get first(): T | undefined {
    return this.heap[0];
  }

  /** Adds an item, or moves it to where its `due` belongs. */
  set(item: T, due: number): void {
    item.due = due;
    if (item.place < 0) {
      item.place = this.heap.length;
      this.heap.push(item);
    }
    this.rise(item);
    this.sink(item);
  }

  delete(item: T): void {
    const { place } = item;
    const last = this.heap.at(-1);
    if (place < 0 || last === undefined) return;
    this.heap.pop();
    item.place = -1;
    if (last === item) return;
    this.put(last, place);
    this.rise(last);
    this.sink(last);
  }

  clear(): void {
    this.heap.length = 0;
  }

  private put(item: T, place: number): void {
    this.heap[place] = item;
    item.place = place;
  }

  private rise(item: T): void {
    for (;;) {
      const above = (item.place - 1) >> 1;
      const parent = this.heap[above];
      if (above < 0 || parent === undefined || parent.due <= item.due) return;
      this.put(parent, item.place);
      this.put(item, above);
    }
  }

  private sink(item: T): void {
    for (;;) {
      const below = 2 * item.place + 1;
      const [left, right] = [this.heap[below], this.heap[below + 1]];
      const child = right !== undefined && left !== undefined && right.due < left.due ? right : left;
      if (child === undefined || child.due >= item.due) return;
      const { place } = child;
      this.put(child, item.place);
      this.put(item, place);
    }
  }
}
