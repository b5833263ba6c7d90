import type { PageComponent, PageHealth, PageLane, PageMark, PageNote, PageTotals, PageUpdate } from '../src/cli/page/page-state.js';

/** Seconds that the lanes show at most. */
export const MAX_TIME = 240;
/** Marks of a lane, notes and points of a chart that are kept. */
const MAX_MARKS = 2_000;
const MAX_NOTES = 300;
const MAX_POINTS = 480;

/** A lane with what is drawn on it. */
export interface ShownLane extends PageLane {
  readonly marks: PageMark[];
}

/** One point of the charts: seconds since the epoch, and what was then. */
export interface Point {
  readonly at: number;
  readonly in: number;
  readonly out: number;
  readonly delay: number | undefined;
  readonly longestDelay: number | undefined;
  readonly outbox: number;
}

/** All that the page shows. */
export class Store {
  readonly lanes: ShownLane[] = [];
  readonly notes: PageNote[] = [];
  readonly points: Point[] = [];
  component: PageComponent | undefined;
  health: PageHealth | undefined;
  totals: PageTotals = { delivered: 0, published: 0, failed: 0, dropped: 0, delay: undefined, longestDelay: undefined };
  isRunning = false;
  isConnected = false;
  /** Whether `dev` still answers. */
  isThere = false;
  /** The clock of `dev` when it spoke last. */
  at = 0;
  /** By how much that of this machine is ahead: they may be two. */
  ahead = 0;
  /** Marks and notes are numbered in the order in which they came. */
  #lastId = 0;
  readonly #listeners = new Set<() => void>();

  take(update: PageUpdate): void {
    const isWhole = update.component !== undefined && this.component === undefined;
    const passed = (update.at - this.at) / 1_000;
    if (this.at > 0 && passed > 0 && !isWhole) this.#addPoint(update, passed);
    this.at = update.at;
    this.ahead = Date.now() - update.at;
    this.isThere = true;
    this.totals = update.totals;
    this.isRunning = update.isRunning;
    this.isConnected = update.isConnected;
    this.component = update.component ?? this.component;
    this.health = update.health ?? this.health;
    for (const lane of update.lanes) this.lanes[lane.id] = { ...lane, marks: this.lanes[lane.id]?.marks ?? [] };
    // What has come since the last update is in the whole, too, that a page begins with.
    const isNew = ({ id }: { readonly id: number }): boolean => id > this.#lastId;
    const [marks, notes] = [update.marks.filter(isNew), update.notes.filter(isNew)];
    for (const mark of marks) keptMark(this.lanes[mark.lane]?.marks ?? [], mark);
    for (const note of notes) kept(this.notes, note, MAX_NOTES);
    this.#lastId = Math.max(this.#lastId, marks.at(-1)?.id ?? 0, notes.at(-1)?.id ?? 0);
    this.tell();
  }

  /** `dev` was started again, or the connection broke: the next update has everything. */
  begin(): void {
    this.lanes.length = 0;
    this.notes.length = 0;
    this.component = undefined;
    this.#lastId = 0;
  }

  gone(): void {
    this.isThere = false;
    this.tell();
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #addPoint({ at, totals, health }: PageUpdate, passed: number): void {
    const outboxes = (health ?? this.health)?.outboxes ?? [];
    const point: Point = {
      at: at / 1_000,
      in: (totals.delivered - this.totals.delivered) / passed,
      out: (totals.published - this.totals.published) / passed,
      delay: totals.delay,
      longestDelay: totals.longestDelay,
      outbox: outboxes.reduce((sum, { messages }) => sum + messages, 0),
    };
    kept(this.points, point, MAX_POINTS);
  }
}

function kept<A>(list: A[], one: A, most: number): void {
  list.push(one);
  if (list.length > most * 1.5) list.splice(0, list.length - most);
}

/** So many marks have room beside each other on a lane, whatever time it shows. */
const PLACES = 150;

/**
 * Of older marks fewer are kept: they are only seen when a lane shows a long time, where they would lie on each other.
 */
function keptMark(marks: PageMark[], one: PageMark): void {
  marks.push(one);
  if (marks.length <= MAX_MARKS) return;
  let before = -Infinity;
  const apart = marks.filter(({ at }) => {
    const age = one.at - at;
    if (age > MAX_TIME * 1_000 || at - before < age / PLACES) return false;
    before = at;
    return true;
  });
  marks.splice(0, marks.length, ...apart.slice(-MAX_MARKS / 2));
}

/** Follows `dev` as long as the page is open, and waits for it while it is away. */
export function follow(store: Store): void {
  const events = new EventSource('events');
  events.addEventListener('open', () => store.begin());
  events.addEventListener('message', ({ data }: MessageEvent<string>) => store.take(JSON.parse(data) as PageUpdate));
  events.addEventListener('error', () => store.gone());
}
