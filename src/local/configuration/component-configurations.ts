import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../../recipe/configuration.js';
import { isJsonObject, ownMember } from '../../shared/check-argument.js';
import type { Profile } from '../../shared/profile.js';
import type { NucleusEvent } from '../nucleus-event.js';

/** A place in a configuration that was found: its names as they are stored, and what is there. */
interface ConfigurationNode {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Who wants to hear of changes at a place and below it. */
interface Watcher {
  readonly component: string;
  readonly path: readonly string[];
  readonly isLeaf: boolean;
  readonly onChange: (path: readonly string[]) => void;
}

/** What a write came to. */
type WriteOutcome =
  | 'written'
  /** Something at or below the place is newer than the write. What is not may have been written. */
  | 'older'
  /** Lite: a leaf is in the way, a value is too large, or the whole configuration is to be no map. What comes before has been written. */
  | 'failed'
  /** There is no room for it: nothing has been written. */
  | 'full';

/** Bytes of a leaf's JSON that Lite stores. */
const LITE_LEAF_BYTES = 1024;
/** How large a component can make its own configuration, in bytes of JSON. On a device the disk is the bound. */
const MAX_BYTES = 4 * 1024 * 1024;
/** How many leaves a component can write, of each of which the time is kept. On classic maps count, too. */
const MAX_NAMES = 10_000;
/** Maps inside each other. */
const MAX_LEVELS = 100;

/** The configurations of all components, with the times of what was written while they run, and who watches them. */
export class ComponentConfigurations {
  readonly #profile: Profile;
  /** Milliseconds since 1970. */
  readonly #now: () => number;
  readonly #observe: (event: NucleusEvent) => void;
  readonly #configurations = new Map<string, Configuration>();
  /** By component, and by path: when a place was last written. */
  readonly #times = new Map<string, Map<string, number>>();
  readonly #watchers = new Set<Watcher>();

  constructor(profile: Profile, now: () => number, observe: (event: NucleusEvent) => void) {
    this.#profile = profile;
    this.#now = now;
    this.#observe = observe;
  }

  of(component: string): Configuration | undefined {
    return this.#configurations.get(component);
  }

  /** What is at a place; `undefined` if nothing is. A classic nucleus ignores the case of names. */
  find(component: string, keyPath: readonly string[]): ConfigurationNode | undefined {
    let value: unknown = this.#configurations.get(component);
    if (value === undefined) return undefined;
    const path: string[] = [];
    for (const name of keyPath) {
      if (!isJsonObject(value)) return undefined;
      const key = this.#keyOf(value, name);
      if (key === undefined) return undefined;
      path.push(key);
      value = value[key];
    }
    return { path, value };
  }

  /** Puts a configuration in place of what the component has, as a deployment does. */
  replace(component: string, configuration: Configuration): void {
    const before = this.#configurations.get(component);
    this.#configurations.set(component, configuration);
    if (before === undefined) return;
    const changes = configurationChanges(before, configuration);
    const now = this.#now();
    for (const { path } of changes) this.#setTime(component, path, now);
    this.#tell(component, before, changes);
  }

  /** Forgets a component that is gone. */
  remove(component: string): void {
    this.#configurations.delete(component);
    this.#times.delete(component);
  }

  /** Lays a value over a place, leaf by leaf, but for leaves that were written later than `time` (milliseconds since 1970). */
  merge(component: string, keyPath: readonly string[], value: unknown, time: number): WriteOutcome {
    const now = this.#now();
    const before = this.#configurations.get(component) ?? {};
    if (!this.#hasRoomFor(component, before, keyPath, value)) return 'full';
    const found = this.find(component, keyPath);
    // What is not there yet is made now, whatever the request says: only Lite takes its time.
    const at = found === undefined && this.#profile === 'classic' ? Math.max(time, now) : time;
    const target = found?.path ?? this.#spelled(before, keyPath);
    const written: Write = { root: before, outcome: 'written', now };
    this.#write(component, written, target, value, at);
    this.#configurations.set(component, written.root);
    this.#tell(component, before, configurationChanges(before, written.root));
    return written.outcome;
  }

  /** Calls back with the place of each change at or below this one, until the result is called. `undefined`: there is no such place. */
  watch(component: string, keyPath: readonly string[], onChange: (path: readonly string[]) => void): (() => void) | undefined {
    const found = this.find(component, keyPath);
    if (found === undefined) return undefined;
    const watcher: Watcher = { component, path: found.path, isLeaf: !isJsonObject(found.value), onChange };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Watchers hear nothing any more, and nobody tells them: what a restart of Lite's `ggconfigd` does. */
  loseWatchers(): void {
    this.#watchers.clear();
  }

  #write(component: string, written: Write, path: readonly string[], value: unknown, time: number): void {
    if (written.outcome === 'failed') return;
    const isLite = this.#profile === 'lite';
    const there = valueAt(written.root, path);
    if (isLite && isLeafInTheWay(written.root, path, value)) {
      written.outcome = 'failed';
      return;
    }
    if (isJsonObject(value)) {
      if (!isJsonObject(there)) {
        if (this.#isNewer(component, path, time, written)) return;
        written.root = withValue(written.root, path, {});
        // A map that the nucleus makes carries its own clock.
        if (!isLite && path.length > 0) this.#setTime(component, path, Math.max(time, written.now));
        if (!isLite && path.length > 0 && time < written.now && there === undefined) written.outcome = 'older';
      }
      for (const [name, inner] of Object.entries(value)) {
        const map = valueAt(written.root, path);
        const key = (isJsonObject(map) ? this.#keyOf(map, name) : undefined) ?? name;
        this.#write(component, written, [...path, key], inner, time);
      }
      return;
    }
    const isTooLarge = isLite && Buffer.byteLength(JSON.stringify(value)) > LITE_LEAF_BYTES;
    if (path.length === 0 || isTooLarge) {
      written.outcome = 'failed';
      return;
    }
    if (this.#isNewer(component, path, time, written)) return;
    written.root = withValue(written.root, path, value);
    this.#setTime(component, path, time);
  }

  #hasRoomFor(component: string, before: Configuration, keyPath: readonly string[], value: unknown): boolean {
    const times = this.#times.get(component);
    let names = times?.size ?? 0;
    const isWithin = (inner: unknown, path: readonly string[]): boolean => {
      if (path.length > MAX_LEVELS) return false;
      const isMap = isJsonObject(inner);
      const isTimed = !isMap || (this.#profile === 'classic' && path.length > keyPath.length);
      if (isTimed && times?.has(this.#timeKey(path)) !== true) names++;
      if (names > MAX_NAMES) return false;
      return !isMap || Object.entries(inner).every(([name, member]) => isWithin(member, [...path, name]));
    };
    // The depth comes first: a value that is nested too deep is not turned into a text.
    return isWithin(value, keyPath) && Buffer.byteLength(JSON.stringify(before)) + Buffer.byteLength(JSON.stringify(value)) <= MAX_BYTES;
  }

  /** Whether what is there was written later; Lite then says nothing. */
  #isNewer(component: string, path: readonly string[], time: number, written: Write): boolean {
    const last = this.#times.get(component)?.get(this.#timeKey(path)) ?? 0;
    if (last <= time) return false;
    if (this.#profile === 'classic') written.outcome = 'older';
    return true;
  }

  #setTime(component: string, path: readonly string[], time: number): void {
    const times = this.#times.get(component) ?? new Map<string, number>();
    this.#times.set(component, times.set(this.#timeKey(path), time));
  }

  #timeKey(path: readonly string[]): string {
    const key = JSON.stringify(path);
    return this.#profile === 'classic' ? key.toLowerCase() : key;
  }

  #keyOf(map: Configuration, name: string): string | undefined {
    if (Object.hasOwn(map, name)) return name;
    if (this.#profile === 'lite') return undefined;
    return Object.keys(map).find(key => key.toLowerCase() === name.toLowerCase());
  }

  /** A path to be made, with the names of what is there already as they are stored. */
  #spelled(configuration: Configuration, path: readonly string[]): readonly string[] {
    let at: unknown = configuration;
    return path.map(name => {
      const key = (isJsonObject(at) ? this.#keyOf(at, name) : undefined) ?? name;
      at = isJsonObject(at) ? ownMember(at, key) : undefined;
      return key;
    });
  }

  #tell(component: string, before: Configuration, changes: readonly ConfigurationChange[]): void {
    for (const { path, kind } of changes) {
      this.#observe({ kind: 'configurationChanged', component, keyPath: path });
      for (const watcher of [...this.#watchers]) {
        if (watcher.component !== component) continue;
        const isAtOrBelow = startsWith(path, watcher.path);
        if (kind === 'removed' && startsWith(watcher.path, path)) {
          // When a map is gone, those who watch its leaves hear of it, and those who watch the map itself do not. None of them hears
          // anything again.
          this.#watchers.delete(watcher);
          if (watcher.isLeaf && valueAt(before, watcher.path) !== undefined) watcher.onChange(watcher.path);
        } else if (isAtOrBelow) {
          watcher.onChange(path);
          // A classic nucleus tells a new leaf twice.
          if (kind === 'created' && this.#profile === 'classic') watcher.onChange(path);
        }
      }
    }
  }
}

/** A write under way. */
interface Write {
  root: Configuration;
  outcome: WriteOutcome;
  readonly now: number;
}

function valueAt(configuration: Configuration, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isJsonObject(at) ? ownMember(at, name) : undefined), configuration);
}

/** Lite puts no map in place of a leaf, no leaf in place of a map, and nothing below a leaf. */
function isLeafInTheWay(configuration: Configuration, path: readonly string[], value: unknown): boolean {
  const there = valueAt(configuration, path);
  if (there !== undefined && isJsonObject(there) !== isJsonObject(value)) return true;
  return path.some((_, i) => {
    const above = valueAt(configuration, path.slice(0, i));
    return above !== undefined && !isJsonObject(above);
  });
}

function withValue(map: unknown, path: readonly string[], value: unknown): Configuration {
  const [name, ...rest] = path;
  const base = isJsonObject(map) ? map : {};
  if (name === undefined) return isJsonObject(value) ? value : base;
  return { ...base, [name]: rest.length === 0 ? value : withValue(ownMember(base, name), rest, value) };
}

function startsWith(path: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((name, i) => path[i] === name);
}

/** What has become of one place in a configuration. */
interface ConfigurationChange {
  readonly path: readonly string[];
  readonly kind: 'created' | 'changed' | 'removed';
}

/**
 * The leaves in which two configurations differ, lists as a whole. A map that is gone is one change, and one that replaces a leaf a change
 * of that leaf before those of its own.
 */
function configurationChanges(before: unknown, after: unknown, path: readonly string[] = []): readonly ConfigurationChange[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...Object.keys(before), ...Object.keys(after).filter(name => !Object.hasOwn(before, name))];
    return names.flatMap(name => configurationChanges(ownMember(before, name), ownMember(after, name), [...path, name]));
  }
  if (after === undefined) return before === undefined ? [] : [{ path, kind: 'removed' }];
  if (isJsonObject(after)) {
    const own: readonly ConfigurationChange[] = before === undefined ? [] : [{ path, kind: 'changed' }];
    return [...own, ...configurationChanges({}, after, path)];
  }
  if (before === undefined || isJsonObject(before)) return [{ path, kind: 'created' }];
  return isDeepStrictEqual(before, after) ? [] : [{ path, kind: 'changed' }];
}
