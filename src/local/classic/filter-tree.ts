import { javaLevels } from '../../topic/topic-matches.js';
import type { FilterTree } from '../broker/device-subscriptions.js';

interface Level {
  readonly below: Map<string, Level>;
  /** Filters that end here. */
  readonly filters: Set<string>;
}

function newLevel(): Level {
  return { below: new Map(), filters: new Set() };
}

/**
 * The filters that a classic nucleus has at its broker, by their levels: one that covers another, as `classicRoutes` says, is found
 * without looking at them all.
 */
export class ClassicFilterTree implements FilterTree {
  #root = newLevel();

  add(filter: string): void {
    let level = this.#root;
    for (const name of javaLevels(filter)) {
      let next = level.below.get(name);
      if (next === undefined) {
        next = newLevel();
        level.below.set(name, next);
      }
      level = next;
    }
    level.filters.add(filter);
  }

  delete(filter: string): void {
    const names = javaLevels(filter);
    const path = [this.#root];
    for (const name of names) {
      const next = path[path.length - 1]?.below.get(name);
      if (next === undefined) return;
      path.push(next);
    }
    path[path.length - 1]?.filters.delete(filter);
    for (let i = names.length; i > 0; i--) {
      const level = path[i];
      if (level === undefined || level.below.size > 0 || level.filters.size > 0) return;
      path[i - 1]?.below.delete(names[i - 1] ?? '');
    }
  }

  covering(filter: string): string | undefined {
    return find(this.#root, javaLevels(filter), 0);
  }
}

function find(level: Level, names: readonly string[], at: number): string | undefined {
  if (at === names.length) return first(level.filters);
  const all = level.below.get('#');
  if (all !== undefined) return anyOf(all);
  for (const name of ['+', names[at] ?? '']) {
    const next = level.below.get(name);
    const found = next === undefined ? undefined : find(next, names, at + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A `#` ends the comparison, even one that is not last. */
function anyOf(level: Level): string | undefined {
  let at = level;
  for (;;) {
    const found = first(at.filters);
    const next = first(at.below.values());
    if (found !== undefined || next === undefined) return found;
    at = next;
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
