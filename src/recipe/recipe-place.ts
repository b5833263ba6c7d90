import type { RecipeText } from './recipe-text.js';

/** One place in a recipe: its value, and where to say that it is not what it should be. */
export class RecipePlace {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
  readonly #text: RecipeText;

  constructor(text: RecipeText, value: unknown, path: readonly (string | number)[]) {
    this.#text = text;
    this.value = value;
    this.path = path;
  }

  /** Whether there is nothing here. A device takes `null` for nothing. */
  get isMissing(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The member of this name, in any case: that is how a device reads names. */
  member(name: string): RecipePlace {
    const found = this.#entries().find(([key]) => key.toLowerCase() === name.toLowerCase());
    return new RecipePlace(this.#text, found?.[1], [...this.path, found?.[0] ?? name]);
  }

  /** All members; none if this is missing. Anything but a map is an error. */
  members(): readonly (readonly [name: string, place: RecipePlace])[] {
    if (!this.isMissing && !isMap(this.value)) this.error('a map belongs here', 'Write names and values');
    return this.#entries().map(([name, value]) => [name, new RecipePlace(this.#text, value, [...this.path, name])] as const);
  }

  /** All entries; none if this is missing. Anything but a list is an error. */
  items(): readonly RecipePlace[] {
    if (this.isMissing) return [];
    if (Array.isArray(this.value)) return this.value.map((item, i) => new RecipePlace(this.#text, item, [...this.path, i]));
    this.error('a list belongs here', 'Write its entries with leading dashes, or in square brackets');
    return [];
  }

  /** A text, or what a device turns into one. */
  text(): string | undefined {
    if (this.isMissing) return undefined;
    if (typeof this.value === 'string') return this.value;
    if (typeof this.value === 'number' || typeof this.value === 'boolean') return String(this.value);
    this.error('a text belongs here', 'Put it into quotes');
    return undefined;
  }

  error(message: string, remedy: string): void {
    this.#text.error(this.path, message, remedy);
  }

  warning(message: string, remedy: string): void {
    this.#text.warning(this.path, message, remedy);
  }

  #entries(): readonly (readonly [string, unknown])[] {
    return isMap(this.value) ? Object.entries(this.value) : [];
  }
}

/** Whether a value is a JSON object. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
