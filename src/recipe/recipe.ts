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
/** A step of the lifecycle that a manifest may give a script for. */
/** A step's name, in small letters. */
export type LifecycleStepName = (typeof LIFECYCLE_STEPS)[number];

/** What a component does on one platform. */
export interface Lifecycle {
  readonly steps: Readonly<Partial<Record<LifecycleStepName, LifecycleStep>>>;
  /** Environment variables of all its steps. */
  readonly setenv: Readonly<Record<string, string>>;
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
  /** What a device must be: `os`, `architecture`, and whatever else. Empty: any. */
  readonly platform: Readonly<Record<string, unknown>>;
  /** The manifest's own, or what its selections leave of the recipe's global one. */
  readonly lifecycle: Lifecycle;
  readonly artifacts: readonly RecipeArtifact[];
}

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
  /**
   * The `accessControl` of the default configuration as it is written, good or not: each profile makes something else of it.
   * `undefined`: there is none, and every operation will be Unauthorized.
   */
  readonly accessControl: unknown;
  /** Names of the components it depends on. */
  readonly dependencies: readonly string[];
  /** In their order, which decides: a device takes the first that fits it. */
  readonly manifests: readonly RecipeManifest[];
  /** What a device would leave out or take otherwise than it looks. */
  readonly warnings: readonly RecipeProblem[];
}
