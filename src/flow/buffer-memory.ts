/** Bytes that may wait in all buffers of a process together that have no `bytes` of their own. */
export const BUFFER_MEMORY: number = 16 * 1_024 * 1_024;

/**
 * The memory that buffers share which have no bound in bytes of their own. While all of them together hold no more than half of it, each
 * may hold what it likes. The other half is divided equally, so that a stage that is stuck takes nobody's room: above the first half, a
 * buffer may hold its part.
 */
export class BufferMemory {
  readonly limit: number;
  #held = 0;
  #buffers = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that wait in all of the buffers. */
  get held(): number {
    return this.#held;
  }

  /** The part of one more buffer. */
  share(): BufferShare {
    let own = 0;
    let isOpen = true;
    let newest: unknown;
    this.#buffers++;
    const release = (bytes: number): void => {
      own -= bytes;
      this.#held -= bytes;
      if (own === 0) newest = undefined;
    };
    return {
      bytesOf: value => bytesOf(value, newest),
      has: (bytes, without = 0) => {
        const all = this.#held + bytes - without;
        const half = this.limit / 2;
        return all <= half || (all <= this.limit && own + bytes - without <= half / this.#buffers);
      },
      hold: (bytes, value) => {
        own += bytes;
        this.#held += bytes;
        newest = value;
      },
      release,
      clear: () => release(own),
      close: () => {
        release(own);
        if (isOpen) this.#buffers--;
        isOpen = false;
      },
    };
  }
}

/** What one buffer has of a {@link BufferMemory}. */
export interface BufferShare {
  /** About how many bytes a value takes, besides what it has in common with the newest that the buffer holds. */
  readonly bytesOf: (value: unknown) => number;
  /** Whether the buffer has room for so many bytes more, once it holds so many less. */
  readonly has: (bytes: number, without?: number) => boolean;
  readonly hold: (bytes: number, value: unknown) => void;
  readonly release: (bytes: number) => void;
  /** The buffer is empty. */
  readonly clear: () => void;
  /** The buffer is empty, and will hold nothing any more. */
  readonly close: () => void;
}

/** The memory of all stages of this process: a component is a process. */
export const bufferMemory: BufferMemory = new BufferMemory(BUFFER_MEMORY);

/** Bytes of an object or a list by itself, and of each of its members: rough figures of V8's. */
const OBJECT = 32;
const MEMBER = 8;
/** Members that are looked at of one value. What is behind them is reckoned from those. */
const MAX_LOOKS = 64;
/** Objects in objects that are looked into. */
const DEEPEST = 8;

let looks = 0;
/** The objects that are being looked into, each a member of the one before. */
const within: object[] = [];

/**
 * About how many bytes a value takes that waits: texts and binary data by their length, other values by their first members. It costs
 * little however large the value is.
 *
 * @param before The value that came before it. A member that both have, such as a configuration that is carried along, is not counted
 * again.
 */
export function bytesOf(value: unknown, before: unknown): number {
  looks = 0;
  try {
    return value === before && isObject(value) ? MEMBER : reckon(value, before);
  } catch {
    // A member that cannot be read: its size is nobody's fault.
    within.length = 0;
    return OBJECT;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function reckon(value: unknown, before?: unknown): number {
  if (typeof value === 'string') return MEMBER + value.length;
  if (!isObject(value)) return MEMBER;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return OBJECT + value.byteLength;
  // A list that refers to what it is a part of would be counted for each of its elements, and they for each of theirs.
  if (within.length >= DEEPEST || within.includes(value)) return OBJECT;
  within.push(value);
  const bytes = OBJECT + ofContents(value, before);
  within.pop();
  return bytes;
}

function ofContents(value: object, before: unknown): number {
  if (Array.isArray(value)) return ofList(value, value.length, before);
  if (value instanceof Map || value instanceof Set) return ofList(value, value.size);
  return ofMembers(value, before);
}

function ofList(list: Iterable<unknown>, length: number, before?: unknown): number {
  let bytes = 0;
  let seen = 0;
  for (const element of list) {
    if (seen > 0 && looks >= MAX_LOOKS) break;
    looks++;
    bytes += Array.isArray(before) && isObject(element) && before[seen] === element ? MEMBER : reckon(element);
    seen++;
  }
  return seen === 0 ? 0 : Math.ceil((bytes * length) / seen);
}

function ofMembers(value: object, before: unknown): number {
  let bytes = 0;
  let seen = 0;
  for (const key in value) {
    if (seen > 0 && looks >= MAX_LOOKS) return Math.ceil((bytes * Object.keys(value).length) / seen);
    looks++;
    const member = value[key as keyof typeof value] as unknown;
    const isShared = isObject(member) && isObject(before) && before[key as keyof typeof before] === member;
    bytes += MEMBER + (isShared ? 0 : reckon(member));
    seen++;
  }
  return bytes;
}
