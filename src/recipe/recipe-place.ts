import { isJsonObject } from '../shared/check-argument.js';
import { isThing, RECIPE_FORMAT, RECIPE_WORDS, type RecipeThing, type RecipeWord, shapeParts, type Written } from './recipe-format.js';
import type { Path } from './recipe-problems.js';
import type { RecipeText } from './recipe-text.js';

/** The members of what has this shape, with their own shapes. */
type Members<S extends string> = S extends `${infer Needed}!`
  ? Members<Needed>
  : S extends `text|${infer Other}`
    ? Members<Other>
    : S extends RecipeThing
      ? (typeof RECIPE_FORMAT)[S]
      : S extends `${infer Entry}{}`
        ? Readonly<Record<string, Entry>>
        : Readonly<Record<string, string>>;

/** The shape of the entries of a list, or of a map whose names are free. */
type Each<S extends string> = S extends `${infer Needed}!`
  ? Each<Needed>
  : S extends `${infer Entry}[]` | `${infer Entry}{}`
    ? Entry
    : string;

/** One place in a recipe: its value, the shape that the format has there, and where to say that it is not what it should be. */
export class RecipePlace<S extends string = string> {
  readonly value: unknown;
  readonly path: Path;
  readonly shape: S;
  readonly #text: RecipeText;

  constructor(text: RecipeText, value: unknown, path: Path, shape: S) {
    this.#text = text;
    this.value = value;
    this.path = path;
    this.shape = shape;
  }

  /** Whether there is nothing here. A device takes `null` for nothing. */
  get isMissing(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The same place, taken for something else. */
  as<T extends string>(shape: T): RecipePlace<T> {
    return new RecipePlace(this.#text, this.value, this.path, shape);
  }

  /** The member of this name, in any case: that is how the classic nucleus reads names. Of several, the last. */
  member<K extends keyof Members<S> & string>(name: K): RecipePlace<Members<S>[K] & string> {
    const [key, value] = this.#entries().findLast(each => isSameName(each[0], name)) ?? [name, undefined];
    return this.#at(key, value, memberShape(this.shape, name) as Members<S>[K] & string);
  }

  /** The same place with another value for one of its members, if it has it. */
  withMember(name: keyof Members<S> & string, value: unknown): RecipePlace<S> {
    const members = this.#entries().map(([key, is]) => [key, isSameName(key, name) ? value : is] as const);
    return new RecipePlace(this.#text, Object.fromEntries(members), this.path, this.shape);
  }

  /** All members; none if this is missing. Anything but a map is an error. */
  members(): readonly (readonly [name: string, place: RecipePlace<Each<S>>])[] {
    if (!this.isMissing && !isJsonObject(this.value)) this.error('a map belongs here', 'Write names and values');
    return this.#entries().map(([name, value]) => [name, this.#at(name, value, memberShape(this.shape, name) as Each<S>)] as const);
  }

  /** All entries; none if this is missing. Anything but a list is an error. */
  items(): readonly RecipePlace<Each<S>>[] {
    if (this.isMissing) return [];
    const { of } = shapeParts(this.shape);
    if (Array.isArray(this.value)) return this.value.map((item, i) => this.#at(i, item, of as Each<S>));
    this.error('a list belongs here', 'Write its entries with leading dashes, or in square brackets');
    return [];
  }

  /**
   * All that is here, as the format has it: names and words in their one spelling, members in their order, without what no nucleus knows.
   * What has another shape is told, and left out. `undefined`: there is nothing here, or something that has to be here is not.
   */
  read(): Written<S> | undefined {
    return this.#read() as Written<S> | undefined;
  }

  /** Says which members no nucleus knows, and which have another case than Greengrass Lite wants. */
  checkNames(thing: RecipeThing): void {
    const known = Object.keys(RECIPE_FORMAT[thing]);
    for (const [name, place] of this.members()) {
      const meant = known.find(each => isSameName(each, name));
      if (meant === undefined) {
        place.warning(`no nucleus knows such a member of ${thing}, and it is left out`, `The members are ${known.join(', ')}`, name);
      } else if (meant !== name) {
        place.onLite(
          'Greengrass Lite compares names exactly, and does not find it under this one',
          'Write the names in brackets',
          `${name} (${meant})`,
        );
      }
    }
  }

  /** A text, or what a device turns into one. */
  text(): string | undefined {
    if (this.isMissing) return undefined;
    if (typeof this.value === 'string') return this.value;
    if (typeof this.value === 'number' || typeof this.value === 'boolean') return String(this.value);
    this.error('a text belongs here', 'Put it into quotes');
    return undefined;
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

  #read(): unknown {
    if (this.isMissing) return undefined;
    const { of, many, orText } = shapeParts(this.shape);
    if (orText && !isJsonObject(this.value)) return this.text();
    if (many === '[]') {
      // An entry of a list that is empty is wrong: a device does not pass over it, as it does elsewhere.
      const read = this.items().map(item => (isThing(of) ? item.#thing(of) : item.#read()));
      return read.filter(item => item !== undefined);
    }
    if (many === '{}')
      return Object.fromEntries(
        this.members().flatMap(([name, place]) => {
          const value = place.#read() ?? (of === 'text or null' ? null : undefined);
          return value === undefined ? [] : [[name, value] as const];
        }),
      );
    if (isThing(of)) return this.#thing(of);
    if (isWord(of)) return this.#word(of);
    if (of === 'flag') return this.#flag();
    if (of === 'seconds') return this.#seconds();
    if (of === 'configuration' || of === 'a global lifecycle') {
      this.members();
      return isJsonObject(this.value) ? this.value : undefined;
    }
    return this.text();
  }

  #thing(thing: RecipeThing): unknown {
    if (!isJsonObject(this.value)) {
      this.error(`${thing} is a map`, `Write ${Object.keys(RECIPE_FORMAT[thing]).join(', ')}`);
      return undefined;
    }
    this.checkNames(thing);
    const place = this.as<string>(thing);
    const members = Object.entries(RECIPE_FORMAT[thing]).map(([name, shape]: readonly [string, string]) => {
      // No nucleus refuses a list for being empty, or for not being there.
      const value = place.member(name).#read() ?? (shape.endsWith('[]!') ? [] : undefined);
      return { name, value, isMissed: value === undefined && shape.endsWith('!') };
    });
    if (members.some(({ isMissed }) => isMissed)) return undefined;
    return Object.fromEntries(members.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])));
  }

  /** One of a few words, in any case. Anything else is an error. */
  #word(words: RecipeWord): string | undefined {
    const text = this.text();
    const known: readonly string[] = RECIPE_WORDS[words];
    const word = known.find(each => each.toLowerCase() === text?.toLowerCase());
    if (text !== undefined && word === undefined) this.error(`a nucleus takes no such ${words}`, `Write ${known.join(' or ')}`, text);
    return word;
  }

  #flag(): boolean | string | undefined {
    const text = this.text();
    const word = text?.toLowerCase();
    return word === 'true' || word === 'false' ? word === 'true' : text;
  }

  /** A recipe variable stands for a number that the deployment knows. */
  #seconds(): number | string | undefined {
    const text = this.text();
    if (text === undefined || text.startsWith('{')) return text;
    const seconds = Number(text);
    if (seconds >= 0) return seconds;
    this.error('a number of seconds belongs here', 'Such as 120, or leave it out');
    return undefined;
  }

  #at<T extends string>(part: string | number, value: unknown, shape: T): RecipePlace<T> {
    return new RecipePlace(this.#text, value, [...this.path, part], shape);
  }

  #entries(): readonly (readonly [string, unknown])[] {
    return isJsonObject(this.value) ? Object.entries(this.value) : [];
  }
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function isWord(shape: string): shape is RecipeWord {
  return Object.hasOwn(RECIPE_WORDS, shape);
}

/** The shape of a member; a text where the format does not know it. */
function memberShape(shape: string, name: string): string {
  const { of, many } = shapeParts(shape);
  if (many !== '' || !isThing(of)) return of;
  return Object.entries(RECIPE_FORMAT[of]).find(([known]) => isSameName(known, name))?.[1] ?? 'text';
}
