/** JSON as Gson writes it: `=`, `<`, `>`, `&` and `'` as escapes. So a base64 payload's padding arrives as `\u003d`. */
export function gson(value: unknown): string {
  return JSON.stringify(value).replace(/[=<>&'\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * A value that Gson has read without a type, as it writes it: every number has become a double, and half a surrogate pair a `?`.
 *
 * Source: Gson, `ObjectTypeAdapter`; Java's `Double.toString`.
 */
export function untypedGson(value: unknown): string {
  if (value instanceof GsonNumber) return javaDouble(Number(value.text));
  if (typeof value === 'number') return javaDouble(value);
  if (Array.isArray(value)) return `[${value.map(untypedGson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? gson(wellFormed(value)) : JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${gson(wellFormed(name))}:${untypedGson(member)}`);
  return `{${members.join(',')}}`;
}

/** A value that Gson has read without a type, as plain JSON: a number beyond 2^53 is the nearest double. */
export function plainOf(value: unknown): unknown {
  if (value instanceof GsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? wellFormed(value) : value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [wellFormed(name), plainOf(member)]));
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '?');
}

function javaDouble(value: number): string {
  if (!Number.isFinite(value)) throw new GsonError('a number is too large for a double');
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`;
}

/** A number as it was written: Gson tells `1.0` from `1` where a text is wanted. */
export class GsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Thrown where Gson throws. */
export class GsonError extends Error {}

/** How deep values may lie in one another: Gson's own limit. */
const MAX_DEPTH = 255;

/**
 * Reads JSON as leniently as Gson does: names and texts without quotes or in single ones, comments, `=` and `=>` for `:`, `;` for `,`,
 * elements left out as nulls, a byte order mark at the start. Of a name that comes twice the last one counts, as in a request's members;
 * where Gson makes an untyped map, it refuses that instead: see {@link hasNameTwice}. Nothing may follow.
 *
 * Source: Gson, `JsonReader.setLenient`, which `Gson.fromJson` sets.
 */
export function parseLenient(text: string): unknown {
  return new Reader(text).document();
}

/** Objects with a name that came twice. */
const withNameTwice = new WeakSet<object>();

/** Whether an object, at any depth of what {@link parseLenient} has read, has a name twice. */
export function hasNameTwice(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return withNameTwice.has(value) || Object.values(value).some(hasNameTwice);
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  document(): unknown {
    const value = this.#value(0);
    if (this.#peek() !== '') throw new GsonError('the JSON document was not fully consumed');
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new GsonError(`nested more than ${MAX_DEPTH} deep`);
    const char = this.#peek();
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"' || char === "'") return this.#quoted(char);
    return literal(this.#unquoted());
  }

  #object(depth: number): unknown {
    const members = new Map<string, unknown>();
    let isTwice = false;
    this.#at++;
    if (this.#take('}')) return {};
    for (;;) {
      const char = this.#peek();
      const name = char === '"' || char === "'" ? this.#quoted(char) : this.#unquoted();
      if (!this.#take(':')) {
        if (!this.#take('=')) throw new GsonError(`no value for ${name}`);
        if (this.#text[this.#at] === '>') this.#at++;
      }
      isTwice ||= members.has(name);
      members.set(name, this.#value(depth + 1));
      if (this.#take('}')) {
        const object = Object.fromEntries(members);
        if (isTwice) withNameTwice.add(object);
        return object;
      }
      if (!this.#take(',') && !this.#take(';')) throw new GsonError('an object does not end');
    }
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    if (this.#take(']')) return items;
    for (;;) {
      const char = this.#peek();
      // An element left out is a null, also behind the last comma.
      items.push(char === ',' || char === ';' || char === ']' ? null : this.#value(depth + 1));
      if (this.#take(']')) return items;
      if (!this.#take(',') && !this.#take(';')) throw new GsonError('an array does not end');
    }
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  /** The next character that is neither space nor comment; `''` at the end. */
  #peek(): string {
    for (;;) {
      const char = this.#text.charAt(this.#at);
      const next = this.#text.charAt(this.#at + 1);
      if (char !== '' && ' \t\r\n'.includes(char)) this.#at++;
      else if (char === '#' || (char === '/' && next === '/')) this.#skipTo('\n', 1);
      else if (char === '/' && next === '*') {
        this.#at += 2;
        if (!this.#skipTo('*/', 2)) throw new GsonError('a comment does not end');
      } else return char;
    }
  }

  #skipTo(end: string, length: number): boolean {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found < 0 ? this.#text.length : found + length;
    return found >= 0;
  }

  #unquoted(): string {
    const pattern = /[^/\\;#={}[\]:, \t\f\r\n]*/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    if (found === '') throw new GsonError(`a value was expected at ${this.#at}`);
    this.#at += found.length;
    return found;
  }

  #quoted(quote: string): string {
    this.#at++;
    const parts: string[] = [];
    let from = this.#at;
    for (;;) {
      const char = this.#text.charAt(this.#at);
      if (char === '') throw new GsonError('a text does not end');
      if (char === quote || char === '\\') parts.push(this.#text.slice(from, this.#at));
      this.#at++;
      if (char === quote) return parts.join('');
      if (char !== '\\') continue;
      parts.push(this.#escaped());
      from = this.#at;
    }
  }

  #escaped(): string {
    const char = this.#text.charAt(this.#at++);
    if (char === 'u') {
      const digits = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new GsonError(`\\u${digits} is no character`);
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const known = ESCAPES[char];
    if (known === undefined) throw new GsonError(`\\${char} is no escape`);
    return known;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  b: '\b',
  n: '\n',
  r: '\r',
  f: '\f',
  '\n': '\n',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** What stands without quotes: a keyword in any case, a number, or a text. */
function literal(text: string): unknown {
  const lower = text.toLowerCase();
  if (lower === 'null') return null;
  if (lower === 'true' || lower === 'false') return lower === 'true';
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? new GsonNumber(text) : text;
}
