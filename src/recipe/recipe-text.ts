import { LineCounter, isNode, parseDocument, type Document } from 'yaml';
import { jsonPointer } from './json-pointer.js';
import type { RecipeProblem } from './recipe-invalid.js';

type Path = readonly (string | number)[];

/** A recipe's text as data, and where in the text each thing stands. */
export class RecipeText {
  /** What makes it no recipe. */
  readonly errors: RecipeProblem[] = [];
  /** What a device passes over in silence. */
  readonly warnings: RecipeProblem[] = [];
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter = new LineCounter();

  constructor(text: string) {
    // JSON is YAML, so that one parser gives the places of both.
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { code, message, pos } of this.#document.errors) {
      const { line, col: column } = this.#lines.linePos(pos[0]);
      const place = { path: '', line, column };
      if (code === 'DUPLICATE_KEY') {
        this.warnings.push({ ...place, message: 'this name is there twice, and a device takes the last', remedy: 'Remove one of them' });
      } else {
        this.errors.push({ ...place, message, remedy: 'Mend the YAML or JSON here' });
      }
    }
    this.value = this.errors.length === 0 ? this.#toJs() : undefined;
    if (this.errors.length === 0 && /^\s*\{/.test(text)) this.#checkJson(text);
  }

  error(path: Path, message: string, remedy: string): void {
    this.errors.push({ ...this.#place(path), message, remedy });
  }

  warning(path: Path, message: string, remedy: string): void {
    this.warnings.push({ ...this.#place(path), message, remedy });
  }

  #toJs(): unknown {
    try {
      return this.#document.toJS();
    } catch (error) {
      // Aliases that expand without end.
      this.error([], error instanceof Error ? error.message : String(error), 'Write it without so many aliases');
      return undefined;
    }
  }

  /** What begins like JSON is read as JSON by a device, which is stricter than YAML. */
  #checkJson(text: string): void {
    try {
      JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.error(
        [],
        `this is not quite JSON: ${reason}`,
        'Remove comments and trailing commas, and put names and texts into double quotes',
      );
    }
  }

  /** Of something that is not there: where the thing around it begins. */
  #place(path: Path): { readonly path: string; readonly line: number; readonly column: number } {
    let node: unknown;
    for (let length = path.length; node === undefined && length >= 0; length--) node = this.#document.getIn(path.slice(0, length), true);
    const { line, col } = this.#lines.linePos((isNode(node) ? node.range?.[0] : undefined) ?? 0);
    // An empty document has no lines at all.
    return { path: jsonPointer(path), line: Math.max(1, line), column: Math.max(1, col) };
  }
}
