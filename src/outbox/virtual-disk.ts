import { MemoryFile, memoryStore } from './memory-store.js';
import type { Store, StoreSettings } from './store.js';

/**
 * Where outboxes keep what would be their files while a marble test or a dry run goes on: nothing of it is on a disk. What was committed
 * outlives a power cut, as on a device.
 */
export class VirtualDisk {
  /** Nothing can be written. */
  isFull = false;
  #power = {};
  readonly #files = new Map<string, MemoryFile>();
  #twins = new WeakMap<object, unknown>();
  #epochs = 0;

  /** What stands for this outbox as long as the power is on. */
  twinOf<O extends object>(outbox: O, make: () => O): O {
    const known = this.#twins.get(outbox);
    // Set below, of the same type.
    if (known !== undefined) return known as O;
    const made = make();
    this.#twins.set(outbox, made);
    this.#twins.set(made, made);
    return made;
  }

  /** @param path `undefined`: of no file, so that it ends with the process. */
  store(path: string | undefined, settings: StoreSettings): Store {
    const power = this.#power;
    const file = (path === undefined ? undefined : this.#files.get(path)) ?? new MemoryFile();
    if (path !== undefined) this.#files.set(path, file);
    return memoryStore(
      { ...settings, path },
      () => `00000000-0000-0000-0000-${String(++this.#epochs).padStart(12, '0')}`,
      file,
      attempt => {
        if (power !== this.#power) return 'gone';
        if (this.isFull) return 'disk-full';
        return attempt === 'open' && file.isOpen ? 'busy' : undefined;
      },
    );
  }

  /** What has not been committed is gone, and whoever uses an outbox is not heard any more. */
  cutPower(): void {
    this.#power = {};
    this.#twins = new WeakMap();
    for (const file of this.#files.values()) file.cutPower();
  }
}

let inUse: VirtualDisk | undefined;

/** Does the work, which must be synchronous, with outboxes that are on this disk, whatever path they were told. */
export function withVirtualDisk<A>(disk: VirtualDisk, work: () => A): A {
  const outer = inUse;
  inUse = disk;
  try {
    return work();
  } finally {
    inUse = outer;
  }
}

/** The disk of the marble test or dry run that goes on. */
export function virtualDisk(): VirtualDisk | undefined {
  return inUse;
}
