import { type CST, type Document, isAlias, isMap as isMapNode, isScalar, isSeq, LineCounter, type Node, parseDocument, Parser } from 'yaml';
import { parsedJson } from '../shared/check-argument.js';
import { messageOf } from '../shared/visible.js';
import { jsonPointer } from './configuration.js';
import { Findings, type Path } from './recipe-problems.js';

/** How many values there may be once aliases are put in: what has more is no recipe, but an attack. */
const MAX_NODES = 20_000;

const OTHERWISE =
  'the classic nucleus reads YAML 1.1, where this is not what it looks like (the value in brackets), and Greengrass Lite reads every YAML value as a text';
const ALIASES = 'an alias is the text of its name to the classic nucleus, and what it stands for to Greengrass Lite';

/**
 * How deep it may be nested, aliases put in. What reads it calls itself for each level, and not only does V8 throw where its stack ends: it
 * ends the process if it has to compile a regular expression there.
 */
const MAX_LEVELS = 200;
const TOO_DEEP = 'it is nested too deeply to be read, or an alias stands for what it is in itself';

/** A recipe's text as data, as each nucleus reads it, and where in the text each thing stands. */
export class RecipeText {
  /** What makes it no recipe. */
  readonly errors: Findings = new Findings(path => this.#place(path));
  /** What a nucleus passes over in silence, or takes otherwise than it looks. */
  readonly warnings: Findings = new Findings(path => this.#place(path));
  /** What Greengrass Lite alone takes otherwise, or not at all. */
  readonly lite: Findings = new Findings(path => this.#place(path));
  /** As the classic nucleus reads it. */
  readonly value: unknown;
  /** As Greengrass Lite reads it: from YAML texts only, and aliases are what they stand for. `undefined` where that would be endless. */
  readonly liteValue: unknown;
  /** Its size. */
  readonly bytes: number;
  readonly #document: Document.Parsed | undefined;
  readonly #lines: LineCounter = new LineCounter();
  readonly #isJson: boolean;
  #nodes = 0;

  constructor(text: string, source: string) {
    this.bytes = Buffer.byteLength(text, 'utf8');
    this.#isJson = isJson(text, source);
    try {
      if (isTooDeep(text)) throw new RangeError(TOO_DEEP);
      // JSON is YAML, so one parser gives the places of both. All scalars are read as texts: what is made of them depends on the nucleus.
      this.#document = parseDocument(text, {
        schema: 'failsafe',
        merge: false,
        uniqueKeys: false,
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'error',
      });
      this.#checkSyntax(text);
      if (!this.errors.isEmpty) return;
      this.value = this.#classic(this.#document.contents, []);
      this.liteValue = this.#onLite(this.#document.contents);
    } catch (error) {
      this.errors.tell([], messageOf(error), error instanceof RangeError ? 'Write it flatter' : 'Mend the YAML or JSON');
    }
  }

  #checkSyntax(text: string): void {
    for (const { code, message, pos } of this.#document?.errors ?? []) {
      const { line, col: column } = this.#lines.linePos(pos[0]);
      if (code === 'MULTIPLE_DOCS') {
        this.warnings.tellAt({ path: '', line, column }, 'a second document begins here, and a nucleus reads the first alone', 'Remove it');
      } else this.errors.tellAt({ path: '', line, column }, message, 'Mend the YAML or JSON here');
    }
    if (this.errors.isEmpty && this.#isJson) this.#checkJson(text);
    // A nucleus goes by the file's name, and what it reads as YAML is not all of JSON.
    else if (/^\s*\{/.test(text) && isStrictJson(text)) {
      const [, before] = /^([^]*?)(?:\t|(?<!\\)(?:\\\\)*\\\/)/.exec(text) ?? [];
      if (before === undefined) return;
      const { line, col: column } = this.#lines.linePos(before.length);
      const place = { path: '', line, column };
      this.errors.tellAt(
        place,
        'a tab, or \\/ in a text, is JSON and not the YAML that a nucleus reads',
        'Name the file .json, or use spaces and /',
      );
    }
  }

  /** JSON is read strictly by a device. */
  #checkJson(text: string): void {
    try {
      JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch (error) {
      const reason = messageOf(error);
      const at = /at position (\d+)/.exec(reason)?.[1];
      const { line, col: column } = this.#lines.linePos(at === undefined ? 0 : Number(at));
      const remedy = 'Remove comments and trailing commas, and put names and texts into double quotes';
      this.errors.tellAt({ path: '', line: Math.max(1, line), column: Math.max(1, column) }, `this is not quite JSON: ${reason}`, remedy);
    }
  }

  #classic(node: unknown, path: Path): unknown {
    if (isAlias(node)) {
      this.warnings.tell(path, ALIASES, 'Write out what it stands for', `*${node.source}`);
      return node.source;
    }
    if (isMapNode(node)) return Object.fromEntries(this.#entries(node.items, path));
    if (isSeq(node)) return node.items.map((item, i) => this.#classic(item, [...path, i]));
    if (!isScalar(node)) return null;
    const text = textOf(node);
    if (node.type !== 'PLAIN' || node.tag === 'tag:yaml.org,2002:str') return text;
    if (this.#isJson) return JSON.parse(text) as unknown;
    const value = classicScalar(text);
    if (value === undefined) this.errors.tell(path, 'the classic nucleus can make no number of this', 'Put it into quotes', text);
    else if (!Object.is(value, modernScalar(text))) {
      this.warnings.tell(
        path,
        OTHERWISE,
        'Write true, false or decimal digits, or put it into quotes',
        `${text} (${JSON.stringify(value)})`,
      );
    }
    return value;
  }

  #entries(pairs: readonly { readonly key: unknown; readonly value: unknown }[], path: Path): readonly (readonly [string, unknown])[] {
    const seen = new Map<string, string>();
    return pairs.map(({ key, value }) => {
      const name = isScalar(key) ? textOf(key) : isAlias(key) ? key.source : undefined;
      if (name === undefined) {
        this.errors.tell(path, 'a name is a text', 'Write a name before the colon');
        return ['', null] as const;
      }
      const before = seen.get(name.toLowerCase());
      if (before !== undefined) {
        const what = before === name ? 'this name is there twice' : `the names ${before} and ${name} are one to the classic nucleus`;
        const lines = isScalar(key) ? key.range?.[0] : undefined;
        const { line, col: column } = this.#lines.linePos(lines ?? 0);
        this.warnings.tellAt(
          { path: jsonPointer([...path, name]), line, column },
          `${what}, and a device takes the last`,
          'Remove one of them',
        );
      }
      seen.set(name.toLowerCase(), name);
      return [name, this.#classic(value, [...path, name])] as const;
    });
  }

  #onLite(node: unknown, level = 0): unknown {
    if (level > MAX_LEVELS) throw new RangeError(TOO_DEEP);
    if (++this.#nodes > MAX_NODES) {
      if (this.#nodes === MAX_NODES + 1) this.lite.tell([], 'it has too many aliases for Greengrass Lite', 'Write it without aliases');
      return undefined;
    }
    if (isAlias(node)) return this.#document === undefined ? undefined : this.#onLite(node.resolve(this.#document), level + 1);
    if (isMapNode(node)) {
      return Object.fromEntries(node.items.map(({ key, value }) => [isScalar(key) ? textOf(key) : '', this.#onLite(value, level + 1)]));
    }
    if (isSeq(node)) return node.items.map(item => this.#onLite(item, level + 1));
    if (!isScalar(node)) return '';
    return this.#isJson && node.type === 'PLAIN' ? (JSON.parse(textOf(node)) as unknown) : textOf(node);
  }

  /** Of something that is not there: where the thing around it begins. */
  #place(path: Path): { readonly path: string; readonly line: number; readonly column: number } {
    let node: Node | null = this.#document?.contents ?? null;
    for (const part of path) {
      const inner: unknown = isMapNode(node)
        ? node.items.findLast(({ key }) => isScalar(key) && textOf(key) === part)?.value
        : isSeq(node)
          ? node.items[Number(part)]
          : undefined;
      if (!isMapNode(inner) && !isSeq(inner) && !isScalar(inner) && !isAlias(inner)) break;
      node = inner;
    }
    const { line, col } = this.#lines.linePos(node?.range?.[0] ?? 0);
    // An empty document has no lines at all.
    return { path: jsonPointer(path), line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** Whether it has more than `MAX_LEVELS`. The tokens of YAML are made without a call for each level, and looked at here level by level. */
function isTooDeep(text: string): boolean {
  let tokens: readonly CST.Token[] = [...new Parser().parse(text)];
  for (let level = 0; level <= MAX_LEVELS && tokens.length > 0; level++) tokens = tokens.flatMap(insideOf);
  return tokens.length > 0;
}

function insideOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat());
}

/** Whether a nucleus reads it as JSON: it goes by the file's name. A text without one goes by how it begins, comments aside. */
function isJson(text: string, source: string): boolean {
  if (/\.ya?ml$/i.test(source)) return false;
  return /\.json$/i.test(source) || /^\uFEFF?(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*\{/.test(text);
}

function isStrictJson(text: string): boolean {
  return parsedJson(text) !== undefined;
}

function textOf({ value }: { readonly value: unknown }): string {
  return typeof value === 'string' ? value : '';
}

/** How a plain scalar of YAML is read: `undefined` where the reader gives up on it. */
type Plain = string | number | boolean | null | undefined;

const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER = /^([-+]?)(?:0b([01_]*[01][01_]*)|0x([0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*)|(0[0-7_]+)|(0|[1-9][0-9_]*))$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|[0-9][0-9_]*(?=[eE])|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/;
/** SnakeYAML takes these for numbers, and Jackson can make none of them. */
const NO_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;

/**
 * A plain scalar as the classic nucleus reads it: YAML 1.1 by SnakeYAML, made into values by Jackson. So `yes` is true, `0777` is 511,
 * `1_000` is a thousand, `0b101` is 5; `0o17`, `08`, `1:30` and dates are texts.
 *
 * Source: jackson-dataformat-yaml 2.16.0 with SnakeYAML 2.2, which aws-greengrass-nucleus 2.18 is built with, run on each form.
 */
export function classicScalar(text: string): Plain {
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  const [, sign, binary, hexadecimal, octal, decimal] = INTEGER.exec(text) ?? [];
  const digits = binary ?? hexadecimal ?? octal ?? decimal;
  if (digits !== undefined) {
    const radix = binary !== undefined ? 2 : hexadecimal !== undefined ? 16 : octal !== undefined ? 8 : 10;
    const value = parseInt(digits.replaceAll('_', ''), radix);
    return sign === '-' && value !== 0 ? -value : value;
  }
  if (FLOAT.test(text)) return Number(text.replaceAll('_', ''));
  return NO_NUMBER.test(text) ? undefined : text;
}

/** A plain scalar as it looks to somebody who knows YAML 1.2 or JSON: by the core schema. */
export function modernScalar(text: string): Plain {
  if (NULL.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?[0-9]+$/.test(text)) return Number(text) || 0;
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) return Number(text);
  return text;
}
