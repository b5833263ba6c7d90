import { editDistance } from '../shared/edit-distance.js';
import { visible } from '../shared/visible.js';
import { topicMatches } from '../topic/topic-matches.js';
import { isEither } from './equal.js';
import type { LaneEvent } from './lane.js';
import type { TimedNucleusEvent } from './memory-record.js';

/** Lines that are told: what comes first is most often why the rest is as it is. */
const MAX_LINES = 10;
/** Frames of one line that are listed. */
const MAX_FRAMES = 3;
/** Characters of a sentence. */
const MAX_LENGTH = 400;

/** A message that was drawn and went to no subscription. */
export interface Unheard {
  readonly at: number;
  readonly topicName: string;
  readonly isLocal: boolean;
}

/** A topic or filter that an expectation names. */
export interface Expected {
  readonly topic: string;
  readonly of: 'published' | 'subscribed';
}

/** What happened in a marble test besides what it looked at. */
export interface Meanwhile {
  /** Whether it runs no component, though there are messages for one. */
  readonly runsNothing: boolean;
  /** What the component's pipelines emitted. */
  readonly emitted: readonly LaneEvent[];
  readonly events: readonly TimedNucleusEvent[];
  readonly unheard: readonly Unheard[];
  /** Topics and filters on which something was expected to be published, or that were expected to be subscribed to. */
  readonly expected: readonly Expected[];
  /** Of each stage that lost something, what; and where nothing came of messages. */
  readonly lost: readonly string[];
}

/** Something that was said at a frame. */
interface Said {
  readonly at: number;
  readonly text: string;
}

/**
 * What pipelines and nucleus said, which is most often why a picture is not as drawn: errors, refusals with what would allow them, messages
 * that nobody was subscribed to, what stages lost, and topics that are nearly those expected. Nothing, if nothing was said.
 *
 * @param told what is told anyway: what stands there word for word is not told again.
 */
export function meanwhileLines(meanwhile: Meanwhile, told: string): readonly string[] {
  const { runsNothing, emitted, events, unheard, lost, expected } = meanwhile;
  const refusals = events.filter(event => event.kind === 'failed');
  const lefts = emitted.flatMap(leftOf);
  const answered = new Set(
    refusals.flatMap(refusal => (refusal.remedy === undefined ? [] : [subjectOf(refusal.operation, refusal.resource)])),
  );
  const inLefts = new Set(lefts.map(({ topicName }) => topicName));
  const textOfUnheard = unheardTexts(events);
  const said = [
    // The refusal says what would allow it, and so says more.
    ...lefts.filter(
      left => !told.includes(left.text) && !(left.tag === 'Unauthorized' && answered.has(subjectOf(left.operation, left.topicName))),
    ),
    ...refusals
      .filter(refusal => refusal.remedy !== undefined || !inLefts.has(refusal.resource))
      .map(({ at, ...refusal }) => ({ at, text: refusalText(refusal) })),
    ...unheard.map(one => ({ at: one.at, text: textOfUnheard(one) })),
  ].sort((one, other) => one.at - other.at);
  const lines = [
    ...(runsNothing ? ['run(…) was not called: there is no component to get them'] : []),
    ...grouped(said),
    ...lost.filter(line => !told.includes(line)),
    ...expected.flatMap(one => misspelt(one, events)),
  ];
  const more = lines.length - MAX_LINES;
  return lines.length === 0 ? [] : ['Meanwhile:', ...lines.slice(0, MAX_LINES), ...(more > 0 ? [`and ${more} more`] : [])];
}

interface LeftSaid extends Said {
  readonly tag: unknown;
  readonly operation: unknown;
  readonly topicName: unknown;
}

function leftOf(event: LaneEvent): readonly LeftSaid[] {
  if (event.kind !== 'N' || !isEither(event.value) || event.value._tag === 'Right') return [];
  const error: unknown = event.value.left;
  const members: Readonly<Record<string, unknown>> = typeof error === 'object' && error !== null ? { ...error } : {};
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const { _tag: tag, operation, topicName } = members;
  return [{ at: event.at, text: `Left ${shortened(text)}`, tag, operation, topicName }];
}

type Refusal = Extract<TimedNucleusEvent, { readonly kind: 'failed' }>;

function subjectOf(operation: unknown, topic: unknown): string {
  return JSON.stringify([operation, topic]);
}

function refusalText({ operation, resource, code, message, remedy }: Omit<Refusal, 'at'>): string {
  const what = `${operation.replace(/^aws\.greengrass#/, '')}${resource === undefined ? '' : ` ${resource}`}`;
  const why = `${code}${message === '' ? '' : `: ${message.replace(/\.$/, '')}`}`;
  return `the nucleus refused ${shortened(what)}: ${shortened(why)}${remedy === undefined ? '' : `. To allow it, ${remedy.line}`}`;
}

interface Subscribed {
  readonly filter: string;
  readonly from: number;
  to: number;
}

function subscriptionsOf(events: readonly TimedNucleusEvent[], isLocal: boolean): readonly Subscribed[] {
  const [began, ended] = isLocal ? (['localSubscribed', 'localUnsubscribed'] as const) : (['subscribed', 'unsubscribed'] as const);
  const open = new Map<string, Subscribed>();
  const all: Subscribed[] = [];
  for (const event of events) {
    if (event.kind !== began && event.kind !== ended) continue;
    const key = `${event.connection} ${event.streamId}`;
    if (event.kind === began) {
      const subscribed = { filter: event.filter, from: event.at, to: Infinity };
      open.set(key, subscribed);
      all.push(subscribed);
    } else {
      const subscribed = open.get(key);
      if (subscribed !== undefined) subscribed.to = event.at;
      open.delete(key);
    }
  }
  return all;
}

function unheardTexts(events: readonly TimedNucleusEvent[]): (unheard: Unheard) => string {
  const [ofCloud, ofDevice] = [subscriptionsOf(events, false), subscriptionsOf(events, true)];
  const texts = new Map<string, (at: number) => string>();
  return ({ at, topicName, isLocal }) => {
    const topic = `${isLocal ? 'the local topic ' : ''}${topicName}`;
    const text = texts.get(topic) ?? unheardText(topic, topicName, isLocal ? ofDevice : ofCloud);
    texts.set(topic, text);
    return text(at);
  };
}

function unheardText(topic: string, topicName: string, all: readonly Subscribed[]): (at: number) => string {
  const fitting = all.filter(({ filter }) => topicMatches(filter, topicName));
  const filters = [...new Set(all.map(({ filter }) => filter))];
  const near = fitting.length > 0 ? undefined : nearestTopic(topicName, filters);
  const others = filters.length === 0 ? 'nor to anything else' : `only to ${shortened(filters.join(', '))}`;
  return at => {
    if (fitting.some(({ from, to }) => from <= at && at < to)) return `a message on ${topic} did not reach its subscription`;
    const later = fitting.find(({ from }) => from >= at);
    if (later !== undefined) return `nobody was subscribed to ${topic} yet: the subscription began at frame ${later.from}`;
    const ended = fitting.at(-1);
    if (ended !== undefined) return `nobody was subscribed to ${topic} any more: the subscription ended at frame ${ended.to}`;
    if (near !== undefined) return `nobody was subscribed to ${topic}, but to ${near}: is one of them misspelt?`;
    return `nobody was subscribed to ${topic}, ${others}`;
  };
}

/** Where nothing was published on a topic that is expected, or nobody subscribed to it, but on one that is nearly the same. */
function misspelt({ topic, of }: Expected, events: readonly TimedNucleusEvent[]): readonly string[] {
  const there = events.flatMap(event => {
    if (of === 'subscribed') return event.kind === 'subscribed' || event.kind === 'localSubscribed' ? [event.filter] : [];
    return event.kind === 'published' || event.kind === 'localPublished' ? [event.topicName] : [];
  });
  if (there.some(one => one === topic || (of === 'published' && topicMatches(topic, one)))) return [];
  const near = nearestTopic(topic, there);
  if (near === undefined) return [];
  const what = of === 'published' ? 'nothing was published on' : 'nobody was subscribed to';
  return [`${what} ${visible(topic)}, but ${of === 'published' ? 'on' : 'to'} ${visible(near)}: is one of them misspelt?`];
}

/** The same said several times is one line. */
function grouped(said: readonly Said[]): readonly string[] {
  const frames = new Map<string, number[]>();
  for (const { at, text } of said) {
    const before = frames.get(text);
    if (before === undefined) frames.set(text, [at]);
    else before.push(at);
  }
  return [...frames].map(([text, at]) => `${framesText(at)}: ${visible(text)}`);
}

function framesText(frames: readonly number[]): string {
  const listed = frames.slice(0, MAX_FRAMES).join(', ');
  const more = frames.length - MAX_FRAMES;
  return `${frames.length === 1 ? 'frame' : 'frames'} ${listed}${more > 0 ? ` and ${more} more` : ''}`;
}

function shortened(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}...` : text;
}

/** A level more or less counts as much as so many characters: a filter that is a level short is a common mistake. */
const LEVEL = 2;
/** Differences up to which two topics are nearly the same, whatever their length. */
const FEW = 2;

/**
 * The topic or filter among these that is nearly the one that is looked for, as a misspelt one is; `undefined` if none is. Of a filter each
 * wildcard fits every level.
 */
export function nearestTopic(wanted: string, among: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(FEW, wanted.length / 5);
  for (const topic of new Set(among)) {
    const apart = levelsApart(wanted.split('/'), topic.split('/'));
    if (topic === wanted || apart > least || (apart === least && nearest !== undefined)) continue;
    nearest = topic;
    least = apart;
  }
  return nearest;
}

function levelsApart(one: readonly string[], other: readonly string[]): number {
  return editDistance(one, other, LEVEL, (a, b) => {
    if (isWildcard(a) || isWildcard(b)) return 0;
    // A level of its own kind is none that is misspelt.
    const apart = editDistance(Array.from(a), Array.from(b));
    return apart < Math.max(a.length, b.length) ? apart : Infinity;
  });
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#' || level === '*';
}
