import { asyncScheduler } from 'rxjs';
import { plural, visible } from '../../shared/visible.js';
import { describeEnd, type DevEvent } from '../dev/dev-log.js';
import { logSentence } from '../dev/log-line.js';
import { viewPayload } from '../messages/message-text.js';
import { MessageRing, type PassedMessage } from './message-ring.js';
import type { PageComponent, PageHealth, PageLane, PageMark, PageMessage, PageNote, PageUpdate } from './page-state.js';

/** Topics with a lane of their own: further ones share one. */
const MAX_LANES = 100;
/**
 * How many messages of a lane one update draws at most: more could not be told apart. A few of them may be close together, so that a burst
 * is seen as one; the others are so many milliseconds apart, so that a busy lane is drawn evenly.
 */
const MAX_MARKS = 12;
const CLOSE_MARKS = 4;
const MARKS_APART = 30;
/** How many of the latest messages are kept for a marble test, how many drawn ones for clicks, and how many bytes of either. */
const KEPT_MESSAGES = 5_000;
const KEPT_DRAWN = 20_000;
const KEPT_BYTES = 16 * 1024 * 1024;
/** Of what was before the page was opened. */
const KEPT_MARKS = 2_000;
const KEPT_NOTES = 200;
/** Characters of a note, and of a payload that is shown. */
const MAX_NOTE = 1_000;
const MAX_PAYLOAD = 64 * 1024;
/** A publish that comes later than this after the last message in, in milliseconds, is not because of it. */
const MAX_DELAY = 60_000;
const OTHERS = '(other topics)';

interface Lane {
  readonly id: number;
  readonly topicName: string;
  readonly way: 'in' | 'out';
  readonly isLocal: boolean;
  messages: number;
  bytes: number;
  /** Messages drawn since the last update, and when the last one was. */
  drawn: number;
  drawnAt: number;
  hasChanged: boolean;
}

/** What the page shows, from the events of `dev`: counts all of them, and keeps samples in bounded memory. */
export class PageModel {
  readonly #describe: () => PageComponent;
  readonly #latest: MessageRing = new MessageRing(KEPT_MESSAGES, KEPT_BYTES);
  readonly #drawn: MessageRing = new MessageRing(KEPT_DRAWN, KEPT_BYTES);
  readonly #lanes: Lane[] = [];
  readonly #lanesByTopic = {
    in: [new Map<string, Lane>(), new Map<string, Lane>()],
    out: [new Map<string, Lane>(), new Map<string, Lane>()],
  } as const;
  readonly #marks: PageMark[] = [];
  readonly #notes: PageNote[] = [];
  readonly #totals = { delivered: 0, published: 0, failed: 0, dropped: 0 };
  #newMarks: PageMark[] = [];
  #newNotes: PageNote[] = [];
  #delays = { count: 0, sum: 0, longest: 0 };
  #lastIn: number | undefined;
  #isRunning = false;
  #connections = 0;
  #health: PageHealth | undefined;
  #healthHasChanged = false;
  readonly #name: string;
  #componentHasChanged = false;
  #id = 0;
  /** When the component was last started. */
  startedAt = 0;

  /** @param describe what the component is: asked again when its configuration has changed. */
  constructor(describe: () => PageComponent) {
    this.#describe = describe;
    this.#name = describe().name;
  }

  /** When the latest of what is kept has happened. */
  get lastAt(): number {
    return this.#marks.at(-1)?.at ?? 0;
  }

  /** Something has happened, now or (of a recording) then. */
  readonly observe = (event: DevEvent, at: number = asyncScheduler.now()): void => {
    switch (event.kind) {
      case 'delivered':
      case 'localDelivered':
        this.#totals.delivered++;
        this.#lastIn = at;
        return this.#pass('in', event.kind === 'localDelivered', event.topicName, event.payload, at);
      case 'published':
      case 'localPublished':
        this.#totals.published++;
        this.#delay(at);
        return this.#pass('out', event.kind === 'localPublished', event.topicName, event.payload, at);
      case 'failed': {
        this.#totals.failed++;
        const { operation, resource = '', code, message, remedy } = event;
        const why = remedy === undefined ? '' : ` To allow it, ${remedy.line}.`;
        return this.#note('error', `${operation.replace(/^aws\.greengrass#/, '')} ${resource}: ${code}: ${message}${why}`, at);
      }
      case 'dropped':
        this.#totals.dropped += event.messages;
        return this.#note('warn', `lost ${plural(event.messages, 'message')}: ${event.reason}`, at);
      case 'connected':
        if (event.component === this.#name) this.#connections++;
        return;
      case 'disconnected':
        if (event.component === this.#name) this.#connections = Math.max(0, this.#connections - 1);
        return;
      case 'started':
        this.#isRunning = true;
        this.startedAt = at;
        return this.#note('info', 'started', at);
      case 'exited':
        this.#isRunning = false;
        return this.#note('code' in event.end && event.end.code === 0 ? 'info' : 'error', describeEnd(event.end), at);
      case 'output': {
        const log = logSentence(event.text);
        const level = log === undefined ? (event.stream === 'stderr' ? 'error' : 'info') : log.level;
        return this.#note(level === 'debug' ? 'info' : level, log?.sentence ?? event.text, at);
      }
      case 'refused':
        return this.#note('error', `refused a connection: ${event.reason}`, at);
      case 'fault':
        return this.#note('warn', `fault: ${event.fault}`, at);
      case 'killed':
        return this.#note('error', `killed: ${event.reason}`, at);
      case 'policy':
        return this.#note('warn', event.problem, at);
      case 'warning':
        return this.#note('warn', event.text, at);
      case 'configurationChanged':
      case 'deployed':
        this.#componentHasChanged = true;
        return;
      case 'changed':
        return this.#note('info', `${event.path} has changed`, at);
      default:
        return;
    }
  };

  /** How the component says it is. */
  set health(health: PageHealth) {
    this.#health = health;
    this.#healthHasChanged = true;
  }

  /** All there is to know, for a page that has just been opened. */
  whole(): PageUpdate {
    return {
      ...this.#update(),
      lanes: this.#lanes.map(shown),
      marks: this.#marks,
      notes: this.#notes,
      health: this.#health,
      component: this.#describe(),
    };
  }

  /** What has happened since the last time. */
  next(): PageUpdate {
    const lanes = this.#lanes.filter(({ hasChanged }) => hasChanged);
    const update: PageUpdate = {
      ...this.#update(),
      lanes: lanes.map(shown),
      marks: this.#newMarks,
      notes: this.#newNotes,
      health: this.#healthHasChanged ? this.#health : undefined,
      component: this.#componentHasChanged ? this.#describe() : undefined,
    };
    this.#componentHasChanged = false;
    for (const lane of lanes) {
      lane.hasChanged = false;
      lane.drawn = 0;
    }
    this.#newMarks = [];
    this.#newNotes = [];
    this.#delays = { count: 0, sum: 0, longest: 0 };
    this.#healthHasChanged = false;
    return update;
  }

  /** A message that was drawn; `undefined`: it is no longer kept. */
  message(id: number): PageMessage | undefined {
    const message = this.#drawn.get(id);
    if (message === undefined) return undefined;
    const { topicName, at, bytes, payload } = message;
    const view = viewPayload(payload.subarray(0, MAX_PAYLOAD));
    const encodings = { json: 'json', text: 'utf8', binary: 'base64' } as const;
    const text = view.kind === 'binary' ? Buffer.from(view.bytes).toString('base64') : view.text;
    return { topicName, at, bytes, encoding: encodings[view.kind], payload: text };
  }

  /** What passed from then on, as far as it is kept. */
  since(at: number): readonly PassedMessage[] {
    return this.#latest.since(at);
  }

  #update(): Pick<PageUpdate, 'at' | 'isRunning' | 'isConnected' | 'totals'> {
    const { count, sum, longest } = this.#delays;
    const delay = count === 0 ? {} : { delay: sum / count, longestDelay: longest };
    return {
      at: asyncScheduler.now(),
      isRunning: this.#isRunning,
      isConnected: this.#connections > 0,
      totals: { ...this.#totals, delay: undefined, longestDelay: undefined, ...delay },
    };
  }

  #pass(way: 'in' | 'out', isLocal: boolean, topicName: string, payload: Uint8Array, at: number): void {
    const lane = this.#laneOf(way, isLocal, topicName);
    lane.messages++;
    lane.bytes += payload.length;
    lane.hasChanged = true;
    const message: PassedMessage = { id: ++this.#id, lane: lane.id, at, bytes: payload.length, topicName, way, isLocal, payload };
    this.#latest.add(message);
    if (lane.drawn >= MAX_MARKS || (lane.drawn >= CLOSE_MARKS && at - lane.drawnAt < MARKS_APART)) return;
    lane.drawn++;
    lane.drawnAt = at;
    this.#drawn.add(message);
    const mark: PageMark = { id: message.id, lane: lane.id, at, bytes: payload.length };
    this.#newMarks.push(mark);
    kept(this.#marks, mark, KEPT_MARKS);
  }

  #laneOf(way: 'in' | 'out', isLocal: boolean, topicName: string): Lane {
    const lanes = this.#lanesByTopic[way][isLocal ? 1 : 0];
    const existing = lanes.get(topicName);
    if (existing !== undefined) return existing;
    const name = this.#lanes.length < MAX_LANES ? topicName : OTHERS;
    const shared = lanes.get(name);
    if (shared !== undefined) return shared;
    const lane: Lane = {
      id: this.#lanes.length,
      topicName: name,
      way,
      isLocal,
      messages: 0,
      bytes: 0,
      drawn: 0,
      drawnAt: 0,
      hasChanged: true,
    };
    this.#lanes.push(lane);
    lanes.set(name, lane);
    return lane;
  }

  #delay(at: number): void {
    const delay = this.#lastIn === undefined ? Infinity : at - this.#lastIn;
    if (delay < 0 || delay > MAX_DELAY) return;
    this.#delays.count++;
    this.#delays.sum += delay;
    this.#delays.longest = Math.max(this.#delays.longest, delay);
  }

  #note(level: PageNote['level'], text: string, at: number): void {
    const shortened = text.length > MAX_NOTE ? `${text.slice(0, MAX_NOTE)}…` : text;
    const note: PageNote = { id: ++this.#id, at, level, text: visible(shortened) };
    kept(this.#newNotes, note, KEPT_NOTES);
    kept(this.#notes, note, KEPT_NOTES);
  }
}

function kept<A>(list: A[], one: A, most: number): void {
  list.push(one);
  // In pieces, since each costs as much as the list is long.
  if (list.length > most * 2) list.splice(0, list.length - most);
}

function shown({ id, topicName, way, isLocal, messages, bytes }: Lane): PageLane {
  return { id, topicName, way, isLocal, messages, bytes };
}
