import type { Profile } from '../shared/profile.js';
import type { Configuration, ConfigurationUpdate } from './configuration.js';
import type { AccessControl } from './policy/access-control.js';
import type { LifecycleStepName, RecipeDocument } from './recipe-format.js';
import type { RecipeProblem } from './recipe-problems.js';

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
  /** It counts on devices of this architecture; `undefined`: on any. Its lifecycle is what Lite finds, which compares names exactly. */
  | { readonly kind: 'taken'; readonly architecture: string | undefined; readonly manifest: RecipeManifest }
  /** It is passed over, and the next one is looked at. */
  | { readonly kind: 'skipped'; readonly why: string }
  /** Lite refuses the recipe for it, unless a manifest before it was taken. */
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

/** What a device says of itself: `os`, `architecture`, `architecture.detail`, `runtime`, and what its owner adds. */
export type DevicePlatform = Readonly<Record<string, string>>;

const OS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm', arm64: 'aarch64' };

/** This machine as a device that runs the profile, in Greengrass' words: `{ os: 'linux', architecture: 'amd64' }`. */
export function currentPlatform(profile: Profile = 'classic'): DevicePlatform {
  const machine = { os: OS[process.platform] ?? 'unknown', architecture: ARCHITECTURE[process.arch] ?? 'unknown' };
  return profile === 'lite' ? { ...machine, runtime: 'aws_nucleus_lite' } : machine;
}

/**
 * The manifest that a device would use: the first whose platform it is. `undefined`: the deployment fails there. On Greengrass Lite it has
 * the lifecycle that Lite finds, and what stands in its way is in the recipe's `liteProblems`.
 *
 * @param platform - The device; left out, this machine as a classic one. A `runtime` of `aws_nucleus_lite` says that it runs Lite.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `PlatformHelper` of
 * aws-greengrass-component-common; "Types of Recipes Supported by Greengrass nucleus lite" and `manifest_selection` of Greengrass Lite.
 */
export function manifestFor(recipe: Recipe, platform: DevicePlatform = currentPlatform()): RecipeManifest | undefined {
  if (platform['runtime'] === 'aws_nucleus_lite') return onLite(recipe, platform);
  return recipe.manifests.find(manifest => Object.entries(manifest.platform).every(([name, wanted]) => fits(name, platform[name], wanted)));
}

function onLite({ liteManifests }: Recipe, { architecture }: DevicePlatform): RecipeManifest | undefined {
  for (const lite of liteManifests) {
    if (lite.kind === 'refused') return undefined;
    if (lite.kind === 'taken' && (lite.architecture === undefined || lite.architecture === architecture)) return lite.manifest;
  }
  return undefined;
}

function fits(name: string, is: string | undefined, wanted: string | null): boolean {
  if (wanted === '*' || wanted === null) return true;
  if (is === undefined || is === '') return false;
  if (wanted.length >= 2 && wanted.startsWith('/') && wanted.endsWith('/')) return matches(wanted.slice(1, -1), is);
  if ((name === 'os' || name === 'architecture') && (wanted === 'all' || wanted === 'any')) return true;
  return wanted === is;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    // Java's expressions are not quite JavaScript's; one that cannot be read fits nothing.
    return false;
  }
}

/** A component that may connect. */
export interface LocalComponent {
  /** Such as `com.example.Sensor`. */
  readonly name: string;
  /**
   * Its policies, as in its recipe. A string is their JSON, which classic reads and Lite does not. Left out: it may connect, and every
   * operation is Unauthorized, as on a device.
   */
  readonly accessControl?: AccessControl | string | undefined;
  /**
   * Whether it only watches: its subscriptions change nothing for the others. With the embedded broker they are no subscriptions of the
   * device. So they do not multiply messages on Lite, do not count for the limit, and are not in the events `delivered`; and each message
   * comes once, whatever its size. With a broker elsewhere it is a component like any other. Left out: `false`.
   */
  readonly observer?: boolean | undefined;
}

/** A component that may connect, as its recipe describes it: see `readRecipe`. */
export interface RecipeComponent {
  readonly recipe: Recipe;
  /** What the deployment does to its configuration. Left out: the recipe's defaults, where the device has nothing. */
  readonly configurationUpdate?: ConfigurationUpdate | undefined;
}
