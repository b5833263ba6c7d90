import { readFileSync, statSync } from 'node:fs';
import * as t from 'io-ts';
import { type Document, isMap, isNode, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { DETAILED_FAULTS, FAULT_NAMES } from '../../local/faults/fault-table.js';
import type { DetailedWord, FaultMessage, FaultWithDetails } from '../../local/faults/fault-words.js';
import type { NeighbourMessage } from '../../local/pubsub/neighbour.js';
import { isJsonObject, type JsonObject } from '../../shared/check-argument.js';
import { editDistance } from '../../shared/edit-distance.js';
import { UsageError } from '../cli-error.js';
import { parseDuration } from '../cli.js';
import { CHAOS_OCCASIONS, type ChaosAction, type ChaosFault, type ChaosStep, type ChaosTime } from './run-chaos.js';

/** Lines of a script that may be wrong before the rest is not told any more. */
const PROBLEMS_TOLD = 10;
/** A script is written by hand, or recorded: one that is larger is another file, and YAML takes a hundred times its size to read. */
const MAX_SCRIPT = 1024 * 1024;

/**
 * Reads the argument of `--chaos`: a file (YAML, a list of steps; or NDJSON, a step a line), or a timeline such as
 * `5s offline, 8s online`. Throws with all that is wrong, by line.
 */
export function readChaos(argument: string): readonly ChaosStep[] {
  const file = statSync(argument, { throwIfNoEntry: false });
  if (file !== undefined) return readScript(readFile(argument, file.size), argument);
  if (/^\s*\d/.test(argument)) return readTimeline(argument);
  throw new UsageError(
    `There is no file ${argument}, and it is no timeline of faults.`,
    "Give a script's path, or a timeline such as '5s offline, 8s online'.",
  );
}

function readFile(path: string, size: number): string {
  if (size > MAX_SCRIPT)
    throw new UsageError(`${path} has ${size} bytes, and a script of faults 1 MiB at most.`, 'Let steps repeat with every.');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The script ${path} could not be read (${String(code)}).`, 'Give a file that this user may read.');
  }
}

function readTimeline(text: string): readonly ChaosStep[] {
  return text.split(',').map(part => {
    const [, time = '', fault = ''] = /^\s*(\S+)\s+(.*?)\s*$/.exec(part) ?? [];
    return mended(`--chaos ${JSON.stringify(part.trim())}`, () =>
      readStep({ at: time, ...(fault === 'stop' ? { stop: true } : { fault }) }),
    );
  });
}

/** A script in YAML or NDJSON. `source` is what it is called in messages. */
export function readScript(text: string, source: string): readonly ChaosStep[] {
  const lines = new LineCounter();
  // NDJSON is YAML once its lines are documents of their own.
  const isNdjson = /^\s*\{/.test(text);
  const documents = parseAllDocuments(isNdjson ? text.replace(/\n(?=\s*\{)/g, '\n--- ') : text, {
    lineCounter: lines,
    prettyErrors: false,
  });
  const problems: string[] = [];
  const say = (offset: number, problem: string): void =>
    void problems.push(`${source}:${Math.max(1, lines.linePos(offset).line)}: ${problem}`);
  const steps: ChaosStep[] = [];
  for (const document of Array.isArray(documents) ? (documents as Document.Parsed[]) : []) {
    for (const { message, pos } of document.errors) say(pos[0], message);
    if (document.errors.length > 0) continue;
    const { contents } = document;
    const nodes = isSeq(contents) ? contents.items : [contents];
    for (const node of nodes) {
      const offset = (isNode(node) ? node.range : undefined)?.[0] ?? 0;
      try {
        if (!isMap(node))
          throw new StepProblem('a script is a list of steps, each with a time and a fault, such as - { at: 5s, fault: offline }');
        steps.push(readStep(node.toJS(document)));
      } catch (error) {
        if (!(error instanceof StepProblem)) throw error;
        say(offset, error.message);
      }
    }
  }
  if (problems.length === 0) return steps;
  const more = problems.length - PROBLEMS_TOLD;
  throw new UsageError(
    `The script of faults cannot be used.`,
    ...problems.slice(0, PROBLEMS_TOLD),
    ...(more > 0 ? [`and ${more} more`] : []),
  );
}

function mended(source: string, read: () => ChaosStep): ChaosStep {
  try {
    return read();
  } catch (error) {
    throw error instanceof StepProblem ? new UsageError(`${source}: ${error.message}${error.message.endsWith('?') ? '' : '.'}`) : error;
  }
}

/** What is wrong with a step, in a sentence without its full stop. */
class StepProblem extends Error {}

const MEMBERS = ['at', 'after', 'every', 'on', 'component', 'fault', 'publish', 'publishLocal', 'configure', 'stop'];
const DETAILS = Object.keys(DETAILED_FAULTS);

/** Reads one step of a script: when, and what. Throws a {@link StepProblem}. */
export function readStep(value: unknown): ChaosStep {
  const step = t.UnknownRecord.decode(value);
  if (step._tag === 'Left') throw new StepProblem('a step is a map, such as { at: 5s, fault: offline }');
  for (const name of Object.keys(step.right)) if (!MEMBERS.includes(name)) throw unknownWord('a step has no member', name, MEMBERS);
  return { when: readTime(step.right), action: readAction(step.right) };
}

type Members = Readonly<Record<string, unknown>>;

function readTime(step: Members): ChaosTime {
  const { at, after, every, on, component } = step;
  const given = [at, after, every, on].filter(time => time !== undefined);
  if (given.length !== 1) throw new StepProblem('a step says once when it is taken: at, after, every or on');
  if (component !== undefined && (on === undefined || typeof component !== 'string'))
    throw new StepProblem("component is a component's name, and goes with on");
  if (at !== undefined) return { at: milliseconds('at', at, true) };
  if (after !== undefined) return { after: milliseconds('after', after, true) };
  if (every !== undefined) return { every: milliseconds('every', every, false) };
  const occasion = CHAOS_OCCASIONS.find(known => known === on);
  if (occasion === undefined) throw unknownWord('nothing can be waited for by the name', String(on), CHAOS_OCCASIONS);
  return { on: occasion, component };
}

function milliseconds(name: string, value: unknown, mayBeZero: boolean): number {
  const text = String(value);
  if (mayBeZero && /^0(ms|s|m|h)?$/.test(text)) return 0;
  try {
    return parseDuration(text);
  } catch {
    throw new StepProblem(`${name}: ${JSON.stringify(value)} is no time; write one such as 500ms, 10s or 2m`);
  }
}

function readAction({ fault, publish, publishLocal, configure, stop }: Members): ChaosAction {
  if ([fault, publish, publishLocal, configure, stop].filter(action => action !== undefined).length !== 1)
    throw new StepProblem('a step has a fault, or a message to publish or publishLocal, or configure, or stop: true');
  if (stop === true) return { stop };
  if (stop !== undefined) throw new StepProblem('stop: true ends the component; it has no other values');
  if (publish !== undefined) return { publish: readMessage('publish', publish) };
  if (publishLocal !== undefined) return { publishLocal: readLocalMessage(publishLocal) };
  return configure === undefined ? { fault: readFault(fault) } : { configure: readConfiguration(configure) };
}

/** Text is sent as bytes, and a map as JSON, as components publish. */
function readLocalMessage(value: unknown): NeighbourMessage {
  const map = t.UnknownRecord.decode(value);
  const { topic, payload, json, ...others } = map._tag === 'Right' ? map.right : {};
  const [other] = Object.keys(others);
  if (typeof topic !== 'string' || (payload === undefined) === (json === undefined) || other !== undefined)
    throw new StepProblem(
      `publishLocal: a local message has a topic, and a payload or json${other === undefined ? '' : `, and no ${other}`}`,
    );
  if (typeof payload === 'string') return { topic, payload };
  if (payload !== undefined) throw new StepProblem('publishLocal: payload is a text; what is sent as JSON stands under json');
  if (!isJsonObject(json)) throw new StepProblem('publishLocal: json is a map, such as { celsius: 21 }');
  return { topic, json };
}

function readConfiguration(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw new StepProblem('configure is a map that is merged into the configuration, such as { config: { limit: 80 } }');
}

function readFault(value: unknown): ChaosFault {
  if (typeof value === 'string') {
    const word = FAULT_NAMES.find(known => known === value);
    if (word === undefined) throw unknownWord('there is no fault', value, [...FAULT_NAMES, ...DETAILS]);
    return word;
  }
  const map = t.UnknownRecord.decode(value);
  const [entry, ...more] = map._tag === 'Right' ? Object.entries(map.right) : [];
  if (entry === undefined || more.length > 0)
    throw new StepProblem('a fault is a word, or a map of one, such as { dropAfterMessages: 100 }');
  const [name, detail] = entry;
  if (!isDetailed(name)) throw unknownWord('there is no fault', name, DETAILS);
  return READERS[name](detail);
}

function isDetailed(word: string): word is DetailedWord {
  return Object.hasOwn(DETAILED_FAULTS, word);
}

/** How each fault with details is read: a new one of the table has to have its line. */
const READERS: Readonly<Record<DetailedWord, (detail: unknown) => FaultWithDetails>> = {
  messageBeforeReply: detail => ({ messageBeforeReply: readMessage('messageBeforeReply', detail) }),
  burstThenEnd: detail => ({ burstThenEnd: readMessages('burstThenEnd', detail) }),
  endSubscriptions: detail => ({ endSubscriptions: readMessages('endSubscriptions', detail) }),
  dropAfterMessages: detail => ({ dropAfterMessages: count('dropAfterMessages', detail) }),
  splitFrames: detail => ({ splitFrames: count('splitFrames', detail) }),
  glueFrames: detail => ({ glueFrames: count('glueFrames', detail) }),
};

function count(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new StepProblem(`${name} is a whole number of at least 1`);
}

function readMessages(name: string, value: unknown): readonly FaultMessage[] {
  if (!Array.isArray(value)) throw new StepProblem(`${name} is a list of messages`);
  return value.map(message => readMessage(name, message));
}

/** A payload that is no text is written as its JSON. */
function readMessage(name: string, value: unknown): FaultMessage {
  const map = t.UnknownRecord.decode(value);
  const { topicName, payload = '', ...others } = map._tag === 'Right' ? map.right : {};
  const [other] = Object.keys(others);
  if (typeof topicName !== 'string' || other !== undefined)
    throw new StepProblem(`${name}: a message has a topicName and a payload${other === undefined ? '' : `, and no ${other}`}`);
  return { topicName, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) };
}

function unknownWord(what: string, word: string, known: readonly string[]): StepProblem {
  const near = closest(word, known);
  return new StepProblem(
    `${what} ${JSON.stringify(word)}${near === undefined ? `; there are ${known.join(', ')}` : `. Did you mean ${near}?`}`,
  );
}

/** The one of the known words that a mistyped one most likely is, if any is near. */
function closest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(each => ({ each, distance: editDistance(Array.from(word.toLowerCase()), Array.from(each.toLowerCase())) }))
    .filter(({ each, distance }) => distance <= Math.max(2, each.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return best?.each;
}
