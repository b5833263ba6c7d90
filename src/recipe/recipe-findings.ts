import type { RecipeProblem } from './recipe-invalid.js';

/** Where something stands in a recipe: names and indexes. */
export type Path = readonly (string | number)[];

/** Where something stands in the text. */
type Place = Pick<RecipeProblem, 'path' | 'line' | 'column'>;

/** As many subjects, or lines, are named one by one. */
const NAMED = 5;

/** What there is to say of a recipe. What is said of several places is one finding, which names them all. */
export class Findings {
  readonly #placeOf: (path: Path) => Place;
  readonly #kinds = new Map<string, { place: Place; what: string; remedy: string; subjects: Set<string>; lines: Set<number> }>();

  constructor(placeOf: (path: Path) => Place) {
    this.#placeOf = placeOf;
  }

  get isEmpty(): boolean {
    return this.#kinds.size === 0;
  }

  /** `subject` is what it is said of; findings that say the same of other things are one with it. */
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
  return `${things.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
