import { isJsonObject } from '../../shared/check-argument.js';
import type { Members } from '../server/call.js';

/**
 * A request's members, or `undefined` if Lite cannot read it as a JSON object. Integers are `bigint`s and other numbers `number`s, as Lite
 * keeps `1` and `1.0` apart.
 */
export function parseMembers(payload: string): Members | undefined {
  try {
    return new JsonReader(payload).document();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** An integer as Lite takes it from a text: no plus sign, nothing beyond 64 bits. */
export function int64(text: string): bigint | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

/** Thrown for what Lite's reader does not take, and caught above. */
class Unreadable extends Error {}

/** Bytes that Lite has for the objects of one request, and what an element of a list and a member of a map take of them. */
const OBJECT_BYTES = 2805;
const ELEMENT_BYTES = 11;
const MEMBER_BYTES = 21;

const SPACE = /[ \n\r\t]*/y;
/** From the space on, without `"` and `\`. */
const PLAIN = /[ !#-[\]-\uffff]*/y;
const ESCAPE = /\\(?:(["\\/bfnrt])|u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|u(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4}))/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * Reads JSON as Lite does. Of a name that comes twice the first counts; half a surrogate pair, a number that 64 bits or a double cannot
 * hold, and more values than it has room for (255 elements, or 133 members) are no JSON.
 *
 * Source: `json_decode.c` and `GG_MAX_OBJECT_SUBOBJECTS` of aws-greengrass-component-sdk.
 */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #room = OBJECT_BYTES;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Members {
    this.#match(SPACE);
    if (!this.#take('{')) throw new Unreadable();
    const members = this.#object();
    this.#match(SPACE);
    if (this.#at < this.#text.length) throw new Unreadable();
    return members;
  }

  #value(): unknown {
    this.#match(SPACE);
    const value = this.#bareValue();
    this.#match(SPACE);
    return value;
  }

  #bareValue(): unknown {
    if (this.#take('"')) return this.#string();
    if (this.#take('{')) return this.#object();
    if (this.#take('[')) return this.#array();
    const [word] = this.#match(WORD) ?? [];
    return word === undefined ? this.#number() : WORDS.get(word);
  }

  #object(): Members {
    const members = new Map<string, unknown>();
    this.#match(SPACE);
    if (this.#take('}')) return {};
    do {
      this.#occupy(MEMBER_BYTES);
      this.#match(SPACE);
      this.#expect('"');
      const name = this.#string();
      this.#match(SPACE);
      this.#expect(':');
      const value = this.#value();
      if (!members.has(name)) members.set(name, value);
    } while (this.#take(','));
    this.#expect('}');
    return Object.fromEntries(members);
  }

  #array(): unknown[] {
    const elements: unknown[] = [];
    this.#match(SPACE);
    if (this.#take(']')) return elements;
    do {
      this.#occupy(ELEMENT_BYTES);
      elements.push(this.#value());
    } while (this.#take(','));
    this.#expect(']');
    return elements;
  }

  #string(): string {
    let text = '';
    for (;;) {
      text += this.#match(PLAIN)?.[0] ?? '';
      if (this.#take('"')) return text;
      const [, letter, high = '', low, single] = this.#match(ESCAPE) ?? [undefined, undefined, undefined, undefined, undefined];
      if (letter !== undefined) text += ESCAPED[letter] ?? letter;
      else if (low !== undefined) text += String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16));
      else if (single !== undefined) text += String.fromCharCode(Number.parseInt(single, 16));
      else throw new Unreadable();
    }
  }

  #number(): bigint | number {
    const [text, fraction, exponent] = this.#match(NUMBER) ?? [];
    if (text === undefined) throw new Unreadable();
    if (fraction === undefined && exponent === undefined) {
      const integer = int64(text);
      if (integer === undefined) throw new Unreadable();
      return integer;
    }
    const value = Number(text);
    // What is too small for a double is out of its range, too.
    if (!Number.isFinite(value) || (value === 0 && /^[^eE]*[1-9]/.test(text))) throw new Unreadable();
    return value;
  }

  /** Takes room for a value; there is only so much, which bounds how deep values may lie, too. */
  #occupy(bytes: number): void {
    this.#room -= bytes;
    if (this.#room < 0) throw new Unreadable();
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw new Unreadable();
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
}

/**
 * A value of a request as Lite writes it: integers as they came, other numbers with 17 digits, members sorted by name.
 *
 * Source: observed on Greengrass Lite 2.6.0.
 */
export function liteJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return double(value);
  if (Array.isArray(value)) return `[${value.map(liteJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map(name => `${JSON.stringify(name)}:${liteJson(value[name])}`);
  return `{${members.join(',')}}`;
}

/** C's `%#.17g`. */
function double(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && size < 1e-4 ? value.toExponential(16) : value.toPrecision(17);
  const padded = text.replace(/e([+-])(\d)$/, 'e$10$2');
  return /[.e]/.test(padded) ? padded : `${padded}.0`;
}

/** A value of a request as a configuration keeps it, which is plain JSON. */
export function liteStored(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(liteStored);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, liteStored(item)])) : value;
}

/** A value of a configuration as Lite writes it. */
export function liteStoredJson(value: unknown): string {
  return liteJson(withIntegers(value));
}

function withIntegers(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(withIntegers);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withIntegers(item)])) : value;
}
