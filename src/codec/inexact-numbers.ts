import { MAX_PROBLEMS, pathOf, shorten } from './problems.js';

/** What becomes of numbers that JavaScript cannot hold as they are written. */
export interface JsonOptions {
  /**
   * What is done about a number in a payload that JavaScript does not hold: an integer beyond 2^53 that would become another one, as a 64-bit id, and what
   * is too large for any number, as `1e400`.
   * - `refuse` (default): the payload is a `Left` that names it.
   * - `round`: it becomes the nearest number there is, or `Infinity`, as with `JSON.parse`.
   * - `text`: the io-ts codec is given the text of it, as `'9007199254740993'`.
   */
  readonly inexactNumbers?: 'refuse' | 'round' | 'text' | undefined;
}

interface Inexact {
  readonly text: string;
  readonly at: number;
  readonly path: string;
}

/**
 * What a text with such a number must contain: more digits than any double can tell apart, or a large exponent. Both begin with a digit, which makes
 * the search nearly twice as quick: it goes over every payload.
 */
const SUSPICIOUS = /\d(?:\d{15}|[eE]\+?\d{3})/u;
/** The tokens of JSON that has been parsed before: strings, numbers, and what structures it. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],]/gu;
const FRACTION_OR_EXPONENT = /[.eE]/u;

/**
 * Whether a number of JSON is one of JavaScript. Of fractions only the nearest is expected. An integer may be beyond 2^53 if it is what a number is
 * written as: `100000000000000000000` is 1e20.
 */
function isHeld(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || FRACTION_OR_EXPONENT.test(literal)) return true;
  const digits = literal.replace(/^-|0+$/gu, '');
  return digits === value.toExponential().replace(/^-|\.|e.*$/gu, '') || BigInt(literal) === BigInt(value);
}

/** Where the reader of the tokens is: in a list at an index, or in an object behind a key. */
interface Level {
  readonly isList: boolean;
  index: number;
  key: string;
  /** In an object: the next text is a key. */
  keyed: boolean;
}

/** All of them, in the order of the text, which is JSON. */
function inexactIn(source: string): readonly Inexact[] {
  const found: Inexact[] = [];
  const levels: Level[] = [];
  for (const { 0: token, index: at } of source.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push({ isList: token === '[', index: 0, key: '', keyed: false });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (level !== undefined) {
        level.index++;
        level.keyed = false;
      }
    } else if (token.startsWith('"')) {
      if (level === undefined || level.isList || level.keyed) continue;
      level.key = token.slice(1, -1);
      level.keyed = true;
    } else if (!isHeld(token)) {
      const keys = levels.map(({ isList, index, key }) => (isList ? String(index) : keyOf(key)));
      found.push({ text: token, at, path: pathOf(keys) });
    }
  }
  return found;
}

function keyOf(escaped: string): string {
  return escaped.includes('\\') ? String(JSON.parse(`"${escaped}"`)) : escaped;
}

/** A line for each number in a text of JSON that JavaScript does not hold. */
export function inexactNumbers(source: string): readonly string[] {
  if (!SUSPICIOUS.test(source)) return [];
  const found = inexactIn(source);
  const lines = found
    .slice(0, MAX_PROBLEMS)
    .map(({ path, text }) => `${path}: expected a number that JavaScript can hold, got ${shorten(text, 40)}`);
  return found.length > MAX_PROBLEMS ? [...lines, `(and more: ${String(found.length)} problems in all)`] : lines;
}

/** The same JSON with the text of each such number in its place. */
export function inexactAsText(source: string): string {
  if (!SUSPICIOUS.test(source)) return source;
  let text = '';
  let from = 0;
  for (const { text: literal, at } of inexactIn(source)) {
    text += `${source.slice(from, at)}"${literal}"`;
    from = at + literal.length;
  }
  return text + source.slice(from);
}
