import { stringify } from 'yaml';
import type { AccessControl } from './policy/access-control.js';
import type { LifecycleStepName } from './recipe.js';

/** The only format there is. */
export const RECIPE_FORMAT_VERSION = '2020-01-25';

/**
 * The members of a recipe by the thing they belong to, spelt so that both nuclei read them: classic takes names in any case, Lite in this one
 * only. What reads a recipe compares with these, and what writes one is checked by reading it again.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `ComponentRecipe` of
 * aws-greengrass-component-common; `recipe.c`, `deployment_handler.c` and `unit_file_generator.c` of Greengrass Lite.
 */
export const RECIPE_MEMBERS = {
  'a recipe': [
    'RecipeFormatVersion',
    'ComponentName',
    'ComponentVersion',
    'ComponentDescription',
    'ComponentPublisher',
    'ComponentType',
    'ComponentSource',
    'ComponentConfiguration',
    'ComponentDependencies',
    'Manifests',
    'Lifecycle',
  ],
  ComponentConfiguration: ['DefaultConfiguration'],
  'a dependency': ['VersionRequirement', 'DependencyType'],
  'a manifest': ['Name', 'Platform', 'Lifecycle', 'Selections', 'Artifacts'],
  'an artifact': ['Uri', 'Unarchive', 'Permission', 'Digest', 'Algorithm'],
  Permission: ['Read', 'Execute'],
  Lifecycle: ['Setenv', 'bootstrap', 'install', 'startup', 'run', 'shutdown', 'recover'],
  'a step': ['Script', 'RequiresPrivilege', 'Timeout', 'Setenv', 'Skipif', 'BootstrapOnRollback'],
} as const;

/** Members whose value is one of a few words, in any case on classic. */
export const RECIPE_WORDS = {
  ComponentType: ['aws.greengrass.generic', 'aws.greengrass.lambda', 'aws.greengrass.plugin', 'aws.greengrass.nucleus'],
  DependencyType: ['HARD', 'SOFT'],
  Unarchive: ['NONE', 'ZIP'],
  Permission: ['NONE', 'OWNER', 'ALL'],
} as const;

type Texts = Readonly<Record<string, string>>;
type Word<K extends keyof typeof RECIPE_WORDS> = (typeof RECIPE_WORDS)[K][number];

/** A step of a lifecycle as it is written: its script, or more of it. */
export type RecipeStep =
  | string
  | {
      readonly Script: string;
      readonly RequiresPrivilege?: boolean | undefined;
      readonly Skipif?: string | undefined;
      /** Seconds. */
      readonly Timeout?: number | string | undefined;
      readonly Setenv?: Texts | undefined;
    };

/** What a component does on one platform, as it is written. */
export interface RecipeManifestDocument {
  readonly Name?: string | undefined;
  readonly Platform?: Texts | undefined;
  readonly Lifecycle?:
    ({ readonly Setenv?: Texts | undefined } & Readonly<Partial<Record<LifecycleStepName, RecipeStep | undefined>>>) | undefined;
  readonly Selections?: readonly string[] | undefined;
  readonly Artifacts?:
    | readonly {
        readonly Uri: string;
        readonly Unarchive?: Word<'Unarchive'> | undefined;
        readonly Permission?: Partial<Readonly<Record<'Read' | 'Execute', Word<'Permission'>>>> | undefined;
        readonly Digest?: string | undefined;
        readonly Algorithm?: string | undefined;
      }[]
    | undefined;
}

/** A recipe as it is written. */
export interface RecipeDocument {
  readonly RecipeFormatVersion: typeof RECIPE_FORMAT_VERSION;
  readonly ComponentName: string;
  readonly ComponentVersion: string;
  readonly Manifests: readonly RecipeManifestDocument[];
  readonly ComponentDescription?: string | undefined;
  readonly ComponentPublisher?: string | undefined;
  readonly ComponentType?: Word<'ComponentType'> | undefined;
  readonly ComponentSource?: string | undefined;
  readonly ComponentConfiguration?:
    | {
        readonly DefaultConfiguration?:
          (Readonly<Record<string, unknown>> & { readonly accessControl?: AccessControl | undefined }) | undefined;
      }
    | undefined;
  readonly ComponentDependencies?:
    | Readonly<Record<string, { readonly VersionRequirement: string; readonly DependencyType?: Word<'DependencyType'> | undefined }>>
    | undefined;
  readonly Lifecycle?: Readonly<Record<string, unknown>> | undefined;
}

/** The formats a recipe can be written in. */
export type RecipeTextFormat = 'yaml' | 'json';

/**
 * A recipe as text, ending with a line feed. The nucleus and GDK read YAML 1.1, where `2020-01-25` is a date and `on` is true: what they
 * would misread is quoted.
 */
export function recipeText(recipe: RecipeDocument, format: RecipeTextFormat): string {
  return format === 'json'
    ? `${JSON.stringify(recipe, undefined, 2)}\n`
    : stringify(recipe, { version: '1.1', lineWidth: 0, singleQuote: true, aliasDuplicateObjects: false });
}
