import { Failure } from '../errors/failure.js';

/** One thing in a recipe that is wrong, or that a device would silently leave out. */
export interface RecipeProblem {
  /** Where, as a JSON pointer: `/Manifests/0/Lifecycle/run`. Empty for the whole document. */
  readonly path: string;
  /** Line in the text, counted from 1. */
  readonly line: number;
  /** Column in the line, counted from 1. */
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A recipe that no nucleus would take. It names everything that is wrong with it, not only the first thing. */
export class RecipeInvalid extends Failure<'RecipeInvalid', 'terminal'> {
  readonly _tag = 'RecipeInvalid';
  readonly code = 'GGRX_RECIPE_INVALID';
  readonly retryable = false;
  readonly problems: readonly RecipeProblem[];

  /** `source` is what the text is called in the sentence: a file's path, or `the recipe`. */
  constructor(source: string, problems: readonly RecipeProblem[]) {
    const lines = problems.map(({ path, line, column, message, remedy }) => {
      const where = path === '' ? '' : ` ${path}:`;
      return `  ${source}:${line}:${column}:${where} ${message}. ${remedy}.`;
    });
    super('terminal', `${source} is not a recipe a nucleus would take.\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** A recipe's file that could not be read. */
export class RecipeUnreadable extends Failure<'RecipeUnreadable', 'terminal'> {
  readonly _tag = 'RecipeUnreadable';
  readonly code = 'GGRX_RECIPE_UNREADABLE';
  readonly retryable = false;
  readonly path: string;

  constructor(path: string, cause: unknown) {
    const missing = (cause as { readonly code?: unknown }).code === 'ENOENT';
    super(
      'terminal',
      missing
        ? `There is no file ${path}. Give the path of the component's recipe, such as recipe.yaml.`
        : `The recipe ${path} could not be read. The cause says what the system reported.`,
      cause,
    );
    this.path = path;
  }
}

/** Where something stands in a recipe: names and indexes. */
export type Path = readonly (string | number)[];

/** Where something stands in the text. */
type Place = Pick<RecipeProblem, 'path' | 'line' | 'column'>;

/** Subjects, or lines, that are named one by one; of more only the number is. */
const NAMED = 5;

/** What there is to say of a recipe. What is said of several places becomes one finding, which names them all. */
export class Findings {
  readonly #placeOf: (path: Path) => Place;
  readonly #kinds = new Map<string, { place: Place; what: string; remedy: string; subjects: Set<string>; lines: Set<number> }>();

  constructor(placeOf: (path: Path) => Place) {
    this.#placeOf = placeOf;
  }

  get isEmpty(): boolean {
    return this.#kinds.size === 0;
  }

  /** `subject` is what it is said of. Findings that say the same of several subjects become one. */
  tell(path: Path, what: string, remedy: string, subject?: string): void {
    this.tellAt(this.#placeOf(path), what, remedy, subject);
  }

  tellAt(place: Place, what: string, remedy: string, subject?: string): void {
    const kind = `${what}\n${remedy}`;
    const told = this.#kinds.get(kind) ?? { place, what, remedy, subjects: new Set(), lines: new Set() };
    if (subject !== undefined) told.subjects.add(subject);
    told.lines.add(place.line);
    this.#kinds.set(kind, told);
  }

  get problems(): readonly RecipeProblem[] {
    return Array.from(this.#kinds.values(), ({ place, what, remedy, subjects, lines }) => {
      const others = [...lines].filter(line => line !== place.line);
      const also = others.length === 0 ? '' : ` (also in line${others.length === 1 ? '' : 's'} ${named(others)})`;
      return { ...place, message: `${subjects.size === 0 ? '' : `${named([...subjects])}: `}${what}${also}`, remedy };
    });
  }
}

/** The first few of them, and how many more. */
export function named(things: readonly (string | number)[]): string {
  const more = things.length - NAMED;
  return `${things.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
