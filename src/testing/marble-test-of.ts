import { inspect } from 'node:util';
import { untaken } from './symbols.js';
import { cellText, draw } from './diagram.js';
import type { MqttMessage } from '../ports/mqtt-proxy.js';
import type { RecordedEntry, Recording } from './recording.js';
import { checkPositive } from '../shared/check-argument.js';
import { visible } from '../shared/visible.js';
import { payloadContent, textOf } from './messages.js';

/** One line of a drawn recording: what `nucleus.messages` is given. */
export interface RecordedLane {
  readonly topicName: string;
  readonly diagram: string;
  /** Payloads by symbol: JSON as its value, other text as text, else bytes. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Draws a recording: a lane for each topic, and another one where messages followed each other too quickly for one diagram. Times are
 * divided by `speed` and rounded to whole milliseconds.
 */
export function lanesOf(recording: Recording, speed = 1): readonly RecordedLane[] {
  checkPositive(speed, 'speed');
  const topics = new Map<string, { at: number; readonly content: unknown }[]>();
  for (const entry of recording.entries) {
    if (!('message' in entry)) continue;
    const { topicName } = entry.message;
    const lane = topics.get(topicName) ?? [];
    topics.set(topicName, lane);
    lane.push({ at: Math.round(entry.at / speed), content: contentOf(entry.message) });
  }
  return [...topics].flatMap(([topicName, messages]) => {
    const symbols = new Map<string, { readonly symbol: string; readonly content: unknown }>();
    const next = untaken(new Set(), 'small');
    const cells = new Map<number, string[]>();
    for (const { at, content } of messages) {
      const key = inspect(content, { depth: Infinity });
      const known = symbols.get(key) ?? { symbol: next(), content };
      symbols.set(key, known);
      cells.set(at, [...(cells.get(at) ?? []), known.symbol]);
    }
    return inLayers(cells).map(layer => {
      const used = new Set([...layer.values()].flat());
      const values = Object.fromEntries([...symbols.values()].filter(one => used.has(one.symbol)).map(one => [one.symbol, one.content]));
      return { topicName, diagram: draw([layer]).rows[0] ?? '', values };
    });
  });
}

/** What a lane's table has to say for exactly these bytes to be sent: JSON as its value only where it would be written the same. */
function contentOf({ topicName: _, payload, ...members }: MqttMessage): unknown {
  const parsed = payloadContent(payload);
  const isSame = typeof parsed === 'object' && Buffer.from(JSON.stringify(parsed)).equals(payload);
  const content = isSame ? parsed : (textOf(payload) ?? payload);
  const bare = !(isSame && parsed !== null && 'payload' in parsed);
  return bare && Object.values(members).every(member => member === undefined) ? content : { payload: content, ...members };
}

/** A group takes up the frames it covers: what follows sooner goes into another layer. */
function inLayers(cells: ReadonlyMap<number, readonly string[]>): readonly ReadonlyMap<number, readonly string[]>[] {
  const layers: { end: number; readonly cells: Map<number, readonly string[]> }[] = [];
  for (const [at, cell] of cells) {
    let layer = layers.find(({ end }) => end <= at);
    if (layer === undefined) layers.push((layer = { end: 0, cells: new Map() }));
    layer.cells.set(at, cell);
    layer.end = at + cellText(cell).length;
  }
  return layers.map(layer => layer.cells);
}

/** How {@link marbleTestOf} writes. */
export interface MarbleTestOptions {
  /** The test's name. */
  readonly name?: string | undefined;
  readonly speed?: number | undefined;
}

/**
 * The source text of a marble test that plays a recording to a pipeline, gaps drawn as broken connections: to be put in a file and given
 * the expectations.
 */
export function marbleTestOf(recording: Recording, { name = 'as recorded', speed = 1 }: MarbleTestOptions = {}): string {
  const gaps = drawnGaps(recording.entries, speed);
  const lanes = lanesOf(recording, speed).map(({ topicName, diagram, values }) =>
    callText('nucleus.messages', [literal(topicName), literal(diagram)], values),
  );
  return [
    "import { test } from 'vitest';",
    "import { marbles } from 'greengrass-rx/testing';",
    "import { pipeline } from './pipeline.js';",
    '',
    `test(${literal(name)}, marbles(({ nucleus, run }) => {`,
    ...lanes,
    ...(gaps === '' ? [] : [`  nucleus.faults(${literal(gaps)}, { x: 'drop connection' });`]),
    '  run(pipeline(nucleus.proxy));',
    '}));',
    '',
  ].join('\n');
}

function drawnGaps(entries: readonly RecordedEntry[], speed: number): string {
  const gaps = entries.flatMap(entry => ('error' in entry && entry.error.kind === 'gap' ? [Math.round(entry.at / speed)] : []));
  return draw([new Map(gaps.map(at => [at, ['x']]))]).rows[0] ?? '';
}

/** A call with a table behind its other arguments, as a statement of a marble test. */
export function callText(called: string, args: readonly string[], values: Readonly<Record<string, unknown>>): string {
  return [
    `  ${called}(`,
    ...args.map(arg => `    ${arg},`),
    '    {',
    ...Object.entries(values).map(([symbol, value]) => `      ${symbolKey(symbol)}: ${literal(value)},`),
    '    },',
    '  );',
  ].join('\n');
}

function symbolKey(symbol: string): string {
  return /^[A-Za-z_$]$/.test(symbol) ? symbol : literal(symbol);
}

/** A value as TypeScript writes it. What would have the source look like another one, such as a turn of direction, is escaped. */
export function literal(value: unknown): string {
  if (value instanceof Uint8Array) return `Buffer.from('${Buffer.from(value).toString('base64')}', 'base64')`;
  if (typeof value === 'string') return `'${visible(JSON.stringify(value)).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  // In brackets, because a plain __proto__ would set the prototype.
  const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : `[${literal(name)}]`);
  const members = Object.entries(value).map(([name, member]) => `${key(name)}: ${literal(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
