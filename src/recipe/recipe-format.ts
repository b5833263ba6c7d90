import { Document, visit } from 'yaml';
import { isJsonObject } from '../shared/check-argument.js';
import type { Configuration } from './configuration.js';
import type { AccessControl } from './policy/access-control.js';
import { classicScalar, modernScalar } from './recipe-text.js';

/**
 * The one description of a recipe: what each thing in it is made of, in the order in which it is written. Reading goes by this table, and
 * writing has its types and its order from it, so that what is written is read back as it was meant.
 *
 * A shape is a word of {@link Plain} or {@link RECIPE_WORDS}, or a thing of this table. `[]` behind it makes it a list of such, `{}` a map
 * whose names are free, and `!` says that it has to be there; `text|a step` is either of the two. Names are spelt so that both nuclei read
 * them: classic takes them in any case, Lite in this one only.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `ComponentRecipe` of
 * aws-greengrass-component-common; `recipe.c`, `deployment_handler.c` and `unit_file_generator.c` of Greengrass Lite.
 */
export const RECIPE_FORMAT = {
  'a recipe': {
    RecipeFormatVersion: 'RecipeFormatVersion!',
    ComponentName: 'text!',
    ComponentVersion: 'text!',
    ComponentDescription: 'text',
    ComponentPublisher: 'text',
    ComponentType: 'ComponentType',
    ComponentSource: 'text',
    ComponentConfiguration: 'ComponentConfiguration',
    ComponentDependencies: 'a dependency{}',
    Manifests: 'a manifest[]!',
    Lifecycle: 'a global lifecycle',
  },
  ComponentConfiguration: { DefaultConfiguration: 'configuration' },
  'a dependency': { VersionRequirement: 'text!', DependencyType: 'DependencyType' },
  'a manifest': {
    Name: 'text',
    Platform: 'text or null{}',
    Lifecycle: 'Lifecycle',
    Selections: 'text[]',
    Artifacts: 'an artifact[]',
  },
  'an artifact': { Uri: 'text!', Unarchive: 'Unarchive', Permission: 'Permission of an artifact', Digest: 'text', Algorithm: 'text' },
  'Permission of an artifact': { Read: 'Permission', Execute: 'Permission' },
  Lifecycle: {
    Setenv: 'text{}',
    bootstrap: 'text|a step',
    install: 'text|a step',
    startup: 'text|a step',
    run: 'text|a step',
    shutdown: 'text|a step',
    recover: 'text|a step',
  },
  'a step': {
    Script: 'text',
    RequiresPrivilege: 'flag',
    Timeout: 'seconds',
    Setenv: 'text{}',
    Skipif: 'text',
    BootstrapOnRollback: 'flag',
  },
} as const;

/** Members whose value is one of a few words, in any case on classic. */
export const RECIPE_WORDS = {
  /** The only format there is. */
  RecipeFormatVersion: ['2020-01-25'],
  ComponentType: ['aws.greengrass.generic', 'aws.greengrass.lambda', 'aws.greengrass.plugin', 'aws.greengrass.nucleus'],
  DependencyType: ['HARD', 'SOFT'],
  Unarchive: ['NONE', 'ZIP'],
  Permission: ['NONE', 'OWNER', 'ALL'],
} as const;

/** What stands in a recipe and has no members of its own. */
interface Plain {
  /** Numbers and booleans are read as texts, too. */
  readonly text: string;
  /** What is left out and what is `null` differ. */
  readonly 'text or null': string | null;
  /** A recipe variable stands for what the deployment knows. */
  readonly flag: boolean | string;
  readonly seconds: number | string;
  readonly configuration: Configuration & { readonly accessControl?: AccessControl | undefined };
  /** A lifecycle, or lifecycles by selection keys, which may stand at each level of it. */
  readonly 'a global lifecycle': Configuration;
}

/** The things that have members of their own. */
export type RecipeThing = keyof typeof RECIPE_FORMAT;
/** The members that are one of a few words. */
export type RecipeWord = keyof typeof RECIPE_WORDS;

/** A step's name, in small letters. */
export type LifecycleStepName = Exclude<keyof (typeof RECIPE_FORMAT)['Lifecycle'], 'Setenv'>;
/** The steps that a nucleus knows, by the names they have in a recipe. */
export const LIFECYCLE_STEPS: readonly LifecycleStepName[] = Object.keys(RECIPE_FORMAT.Lifecycle).filter(
  (name): name is LifecycleStepName => name !== 'Setenv',
);

/** What is written, or read, in a place of this shape. */
export type Written<S extends string> = S extends `${infer Needed}!`
  ? Written<Needed>
  : S extends `${infer One}|${infer Other}`
    ? Written<One> | Written<Other>
    : S extends `${infer Item}[]`
      ? readonly Written<Item>[]
      : S extends `${infer Entry}{}`
        ? Readonly<Record<string, Written<Entry>>>
        : S extends RecipeThing
          ? WrittenMembers<(typeof RECIPE_FORMAT)[S]>
          : S extends RecipeWord
            ? (typeof RECIPE_WORDS)[S][number]
            : S extends keyof Plain
              ? Plain[S]
              : never;

type WrittenMembers<M extends Readonly<Record<string, string>>> = {
  readonly [K in keyof M as M[K] extends `${string}!` ? K : never]: Written<M[K]>;
} & { readonly [K in keyof M as M[K] extends `${string}!` ? never : K]?: Written<M[K]> | undefined };

/** A recipe as it is written: its members by their names in the recipe reference of AWS. */
export type RecipeDocument = Written<'a recipe'>;

/** The formats a recipe can be written in. */
export type RecipeTextFormat = 'yaml' | 'json';

/**
 * A recipe as text, its members in the format's order, ending with a line feed. The nucleus and GDK read YAML 1.1, where `2020-01-25` is a
 * date and `on` is true, and others YAML 1.2: what either of them would take for something else than a text is quoted.
 *
 * @example
 * ```ts
 * import { readRecipe, recipeText } from 'greengrass-rx/local';
 *
 * const recipe = readRecipe(`{
 *   "RecipeFormatVersion": "2020-01-25", "ComponentName": "com.example.Sensor", "ComponentVersion": "1.0.0",
 *   "Manifests": [{ "Platform": { "os": "linux", "runtime": "*" }, "Lifecycle": { "run": "node main.js" } }]
 * }`);
 * if (recipe._tag === 'Right') console.log(recipeText({ ...recipe.right.document, ComponentVersion: '1.0.1' }, 'yaml'));
 * ```
 */
export function recipeText(recipe: RecipeDocument, format: RecipeTextFormat): string {
  const ordered = inOrder(recipe, 'a recipe');
  if (format === 'json') return `${JSON.stringify(ordered, undefined, 2)}\n`;
  const document = new Document(ordered, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      const { value } = scalar;
      if (typeof value === 'string' && (classicScalar(value) !== value || modernScalar(value) !== value)) scalar.type = 'QUOTE_SINGLE';
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** A shape taken apart: what it is of, and how many. */
export function shapeParts(shape: string): { readonly of: string; readonly many: '' | '[]' | '{}'; readonly orText: boolean } {
  const [, orText, of = '', many] = /^(text\|)?(.*?)(\[\]|\{\})?!?$/.exec(shape) ?? [];
  return { of, many: many === '[]' || many === '{}' ? many : '', orText: orText !== undefined };
}

/** Whether a shape has members of its own. */
export function isThing(shape: string): shape is RecipeThing {
  return Object.hasOwn(RECIPE_FORMAT, shape);
}

/** Members in the order of the format; what it does not know is left out. */
function inOrder(value: unknown, shape: string): unknown {
  const { of, many } = shapeParts(shape);
  if (!isThing(of)) return value;
  if (many === '[]') return Array.isArray(value) ? value.map(item => inOrder(item, of)) : value;
  if (!isJsonObject(value)) return value;
  if (many === '{}') return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inOrder(item, of)]));
  const members = Object.entries(RECIPE_FORMAT[of]).map(([name, member]) => [name, inOrder(value[name], member)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}
