import * as t from 'io-ts';
import { FAULT_NAMES, type FaultMessage } from '../../local/faults/fault-table.js';
import { closest } from '../did-you-mean.js';
import { parseDuration } from '../parse-values.js';
import { CHAOS_OCCASIONS, type ChaosAction, type ChaosFault, type ChaosStep, type ChaosTime } from './chaos-script.js';

/** What is wrong with a step, in a sentence without its full stop. */
export class StepProblem extends Error {}

const MEMBERS = ['at', 'after', 'every', 'on', 'component', 'fault', 'publish', 'stop'];
const DETAILS = ['messageBeforeReply', 'burstThenEnd', 'endSubscriptions', 'dropAfterMessages', 'splitFrames', 'glueFrames'];

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

function readAction({ fault, publish, stop }: Members): ChaosAction {
  if ([fault, publish, stop].filter(action => action !== undefined).length !== 1)
    throw new StepProblem('a step has a fault, or a message to publish, or stop: true');
  if (stop === true) return { stop };
  if (stop !== undefined) throw new StepProblem('stop: true ends the component; it has no other values');
  return fault === undefined ? { publish: readMessage('publish', publish) } : { fault: readFault(fault) };
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
  switch (name) {
    case 'messageBeforeReply':
      return { messageBeforeReply: readMessage(name, detail) };
    case 'burstThenEnd':
      return { burstThenEnd: readMessages(name, detail) };
    case 'endSubscriptions':
      return { endSubscriptions: readMessages(name, detail) };
    case 'dropAfterMessages':
      return { dropAfterMessages: count(name, detail) };
    case 'splitFrames':
      return { splitFrames: count(name, detail) };
    case 'glueFrames':
      return { glueFrames: count(name, detail) };
    default:
      throw unknownWord('there is no fault', name, DETAILS);
  }
}

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
