/** Values that wait at an entrance, in the order they came. Every method is O(1). */
export interface Waiting<A> {
  readonly length: number;
  push(value: A, bytes: number): void;
  /** Bytes of the value {@link shift} takes next. */
  headBytes(): number;
  /** Takes the value that came first. Must not be called when none waits. */
  shift(): A;
  /** Bytes of the value {@link evict} takes next. */
  evictBytes(): number;
  /** Takes the value that gives way first. Must not be called when none waits. */
  evict(): A;
  clear(): void;
}
