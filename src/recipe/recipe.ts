import type { RecipeDocument } from './recipe-format.js';
import type { RecipeProblem } from './recipe-invalid.js';

/** A component's configuration: what JSON can hold. */
export type Configuration = Readonly<Record<string, unknown>>;

/** One step of a lifecycle, such as `run`. */
export interface LifecycleStep {
  /** The command, with its recipe variables (`{artifacts:path}`) still in it: see `interpolate`. */
  readonly script: string;
  readonly requiresPrivilege: boolean;
  /** After how many seconds the nucleus gives up on the step; `undefined` where the recipe does not say. */
  readonly timeoutSeconds: number | undefined;
  /** `onpath <executable>` or `exists <file>`: when the step is skipped. */
  readonly skipIf: string | undefined;
  /** Environment variables of this step alone. They win over those of the lifecycle. */
  readonly setenv: Readonly<Record<string, string>>;
}

/** The steps that a nucleus knows, by the names they have in a recipe. */
export const LIFECYCLE_STEPS = ['bootstrap', 'install', 'startup', 'run', 'shutdown', 'recover'] as const;
/** A step's name, in small letters. */
export type LifecycleStepName = (typeof LIFECYCLE_STEPS)[number];

/** What a component does on one platform. */
export interface Lifecycle {
  readonly steps: Readonly<Partial<Record<LifecycleStepName, LifecycleStep>>>;
  /** Environment variables of all its steps. */
  readonly setenv: Readonly<Record<string, string>>;
}

/** The step whose process is the component, if there is one. Of `startup` and `run` a nucleus takes `startup` alone. */
export function mainStepOf({ steps: { startup, run } }: Lifecycle): (LifecycleStep & { readonly name: 'startup' | 'run' }) | undefined {
  return startup === undefined ? run && { ...run, name: 'run' } : { ...startup, name: 'startup' };
}

/** A file that comes with the component. */
export interface RecipeArtifact {
  /** Such as `s3://bucket/component.zip`. */
  readonly uri: string;
  /** `NONE` where the recipe does not say. */
  readonly unarchive: string;
}

/** What a recipe says for the platforms that it describes. */
export interface RecipeManifest {
  readonly name: string | undefined;
  /** What a device must be: `os`, `architecture`, and whatever else; `null` and `*` for any. Empty: any. */
  readonly platform: Readonly<Record<string, string | null>>;
  /** The manifest's own, or what its selections leave of the recipe's global one. */
  readonly lifecycle: Lifecycle;
  readonly artifacts: readonly RecipeArtifact[];
}

/** What Greengrass Lite makes of a manifest. */
export type LiteManifest =
  /** It counts on devices of this architecture, or of any. Its lifecycle is what Lite finds, which compares names exactly. */
  | { readonly kind: 'taken'; readonly architecture: string | undefined; readonly manifest: RecipeManifest }
  /** It is passed over, and the next one is looked at. */
  | { readonly kind: 'skipped'; readonly why: string }
  /** The recipe is no recipe there, unless a manifest before it was taken. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * A component's recipe, read.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference".
 */
export interface Recipe {
  readonly componentName: string;
  /** Such as `1.0.0`. */
  readonly componentVersion: string;
  /** `ComponentConfiguration.DefaultConfiguration`; empty where there is none. */
  readonly defaultConfiguration: Configuration;
  /** The same as Greengrass Lite reads it: of YAML, numbers, booleans and null are texts. */
  readonly liteDefaultConfiguration: Configuration;
  /**
   * The `accessControl` of the default configuration as it is written, good or not: each profile makes something else of it.
   * `undefined`: there is none, and every operation will be Unauthorized.
   */
  readonly accessControl: unknown;
  /** Names of the components it depends on. */
  readonly dependencies: readonly string[];
  /** In their order, which decides: a device takes the first that fits it. */
  readonly manifests: readonly RecipeManifest[];
  /** What Greengrass Lite makes of them. Fewer, where it reads no further: see `manifestFor`. */
  readonly liteManifests: readonly LiteManifest[];
  /** All of it as it is written, names in their one spelling and order, without what no nucleus knows. `recipeText` makes a file of it. */
  readonly document: RecipeDocument;
  /** What Greengrass Lite alone takes otherwise than the classic nucleus, or not at all. */
  readonly liteProblems: readonly RecipeProblem[];
  /** What a device would leave out or take otherwise than it looks. */
  readonly warnings: readonly RecipeProblem[];
}
