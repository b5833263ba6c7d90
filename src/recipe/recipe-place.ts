import { isJsonObject } from '../shared/json-object.js';
import { RECIPE_MEMBERS, RECIPE_WORDS } from './recipe-format.js';
import type { Path } from './recipe-findings.js';
import type { RecipeText } from './recipe-text.js';

/** One place in a recipe: its value, and where to say that it is not what it should be. */
export class RecipePlace {
  readonly value: unknown;
  readonly path: Path;
  readonly #text: RecipeText;

  constructor(text: RecipeText, value: unknown, path: Path) {
    this.#text = text;
    this.value = value;
    this.path = path;
  }

  /** Whether there is nothing here. A device takes `null` for nothing. */
  get isMissing(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The member of this name, in any case: that is how the classic nucleus reads names. Of several, the last. */
  member(name: string): RecipePlace {
    const found = this.#entries().findLast(([key]) => key.toLowerCase() === name.toLowerCase());
    return new RecipePlace(this.#text, found?.[1], [...this.path, found?.[0] ?? name]);
  }

  /** All members; none if this is missing. Anything but a map is an error. */
  members(): readonly (readonly [name: string, place: RecipePlace])[] {
    if (!this.isMissing && !isJsonObject(this.value)) this.error('a map belongs here', 'Write names and values');
    return this.#entries().map(([name, value]) => [name, new RecipePlace(this.#text, value, [...this.path, name])] as const);
  }

  /** Says which members no nucleus knows, and which have another case than Greengrass Lite wants. */
  checkNames(what: keyof typeof RECIPE_MEMBERS): void {
    const known: readonly string[] = RECIPE_MEMBERS[what];
    for (const [name, place] of this.members()) {
      const meant = known.find(each => each.toLowerCase() === name.toLowerCase());
      if (meant === undefined) {
        place.warning(`no nucleus knows such a member of ${what}, and it is left out`, `The members are ${known.join(', ')}`, name);
      } else if (meant !== name) {
        place.onLite(
          'Greengrass Lite compares names exactly, and does not find it under this one',
          'Write the names in brackets',
          `${name} (${meant})`,
        );
      }
    }
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

  /** One of a few words, in any case. Anything else is an error. */
  word(words: keyof typeof RECIPE_WORDS): string | undefined {
    const text = this.text();
    const known: readonly string[] = RECIPE_WORDS[words];
    const word = known.find(each => each.toLowerCase() === text?.toLowerCase());
    if (text !== undefined && word === undefined) this.error(`a nucleus takes no such ${words}`, `Write ${known.join(' or ')}`, text);
    return word;
  }

  error(what: string, remedy: string, subject?: string): void {
    this.#text.errors.tell(this.path, what, remedy, subject);
  }

  warning(what: string, remedy: string, subject?: string): void {
    this.#text.warnings.tell(this.path, what, remedy, subject);
  }

  /** Says what matters on Greengrass Lite alone. */
  onLite(what: string, remedy: string, subject?: string): void {
    this.#text.lite.tell(this.path, what, remedy, subject);
  }

  #entries(): readonly (readonly [string, unknown])[] {
    return isJsonObject(this.value) ? Object.entries(this.value) : [];
  }
}
