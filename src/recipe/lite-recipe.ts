import { isJsonObject } from '../shared/check-argument.js';
import type { Configuration } from './configuration.js';
import type { RECIPE_FORMAT, RecipeThing } from './recipe-format.js';
import type { RecipePlace } from './recipe-place.js';
import {
  type Lifecycle,
  LIFECYCLE_STEPS,
  type LifecycleStep,
  type LifecycleStepName,
  type LiteManifest,
  type RecipeManifest,
} from './recipe.js';

/** Greengrass Lite reads a recipe into a buffer of this size. */
const MOST_BYTES = 8196;

/** What Lite finds of a thing of the format, which compares names exactly. */
type Found<T extends RecipeThing> = Readonly<Partial<Record<keyof (typeof RECIPE_FORMAT)[T], unknown>>>;

/**
 * What Greengrass Lite makes of a recipe's manifests, one for each up to the first that it cannot read; none of a recipe that it cannot read
 * at all. Each is said why, in `place`'s findings on Lite.
 *
 * @param value - The recipe as Lite reads it.
 * @param manifests - As the classic nucleus reads them.
 *
 * Source: `ggl_recipe_get_from_file`, `manifest_selection`, `lifecycle_selection` and `fetch_script_section` in `recipe.c` of Greengrass Lite.
 */
export function liteRecipe(
  place: RecipePlace,
  value: unknown,
  bytes: number,
  manifests: readonly RecipeManifest[],
): readonly LiteManifest[] {
  if (bytes > MOST_BYTES) {
    place.onLite(`it has ${String(bytes)} bytes, and Greengrass Lite reads no recipe of more than ${String(MOST_BYTES)}`, 'Shorten it');
    return [];
  }
  const root: Found<'a recipe'> = isJsonObject(value) ? value : {};
  const list = root.Manifests;
  if (!Array.isArray(list)) return [];
  const read: LiteManifest[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const lite = readManifest(list[i], root, manifest);
    read.push(lite);
    const at = place.member('Manifests').items()[i] ?? place;
    if (lite.kind === 'refused') {
      at.onLite(`${lite.why}, and Greengrass Lite takes neither it nor a manifest after it`, 'Write Platform: { os: linux, runtime: "*" }');
      break;
    }
    if (lite.kind === 'skipped')
      at.onLite(`${lite.why}, so that Greengrass Lite passes over it`, 'Write Platform: { os: linux, runtime: "*" }');
    if (lite.kind === 'taken' && lite.manifest.lifecycle.steps.run === undefined && lite.manifest.lifecycle.steps.startup === undefined) {
      at.onLite('Greengrass Lite finds nothing to run in it', 'Write Lifecycle: { run: … }, in small letters');
    }
  }
  return read;
}

/** The default configuration as Greengrass Lite finds it, which compares names exactly. */
export function liteConfiguration(value: unknown): Configuration {
  const { ComponentConfiguration: configuration }: Found<'a recipe'> = isJsonObject(value) ? value : {};
  const { DefaultConfiguration: defaults }: Found<'ComponentConfiguration'> = isJsonObject(configuration) ? configuration : {};
  return isJsonObject(defaults) ? defaults : {};
}

function readManifest(value: unknown, root: Found<'a recipe'>, manifest: RecipeManifest): LiteManifest {
  const refused = (why: string): LiteManifest => ({ kind: 'refused', why });
  const skipped = (why: string): LiteManifest => ({ kind: 'skipped', why });
  if (!isJsonObject(value)) return refused('it is no map');
  const found: Found<'a manifest'> = value;
  const { Platform: platform } = found;
  if (platform === undefined) return refused('it has no Platform');
  if (!isJsonObject(platform)) return refused('its Platform is no map');
  const { runtime, os, architecture } = platform;
  if (runtime === undefined) return skipped('its Platform has no runtime');
  if (typeof runtime !== 'string') return refused('its runtime is no text');
  if (runtime !== '*' && runtime !== 'aws_nucleus_lite') return skipped(`its runtime is ${runtime}, neither * nor aws_nucleus_lite`);
  if (os === undefined) return skipped('its Platform has no os');
  if (typeof os !== 'string') return refused('its os is no text');
  if (architecture !== undefined && typeof architecture !== 'string') return refused('its architecture is no text');
  if (!['linux', '*', 'all'].includes(os)) return skipped(`its os is ${os}, none of linux, * and all`);
  const lifecycle = lifecycleOf(found, root);
  if (typeof lifecycle === 'string') return refused(lifecycle);
  return {
    kind: 'taken',
    architecture: architecture === undefined || architecture === '' || architecture === '*' ? undefined : architecture,
    manifest: { ...manifest, lifecycle: readLifecycle(lifecycle) },
  };
}

/** The manifest's own lifecycle, or what stands under its selections, of which the last counts; in words, why there is none. */
function lifecycleOf(manifest: Found<'a manifest'>, root: Found<'a recipe'>): Found<'Lifecycle'> | string {
  const { Lifecycle: own, Selections: selections } = manifest;
  if (own !== undefined && !isJsonObject(own)) return 'its Lifecycle is no map';
  if (own !== undefined && Object.keys(own).length > 0) return own;
  if (selections !== undefined && !Array.isArray(selections)) return 'its Selections are no list';
  const { Lifecycle: global } = root;
  if (global !== undefined && !isJsonObject(global)) return "the recipe's Lifecycle is no map";
  const names: readonly unknown[] = selections === undefined || selections.length === 0 ? ['all'] : (selections as readonly unknown[]);
  const name = names.findLast(each => (each === 'all' || each === 'linux') && global?.[each] !== undefined);
  const chosen = typeof name === 'string' ? global?.[name] : undefined;
  if (chosen !== undefined && !isJsonObject(chosen)) return "what it selects of the recipe's Lifecycle is no map";
  return chosen ?? {};
}

function readLifecycle(lifecycle: Found<'Lifecycle'>): Lifecycle {
  const steps: Partial<Record<LifecycleStepName, LifecycleStep>> = {};
  for (const name of LIFECYCLE_STEPS) {
    const value = lifecycle[name];
    const step: Found<'a step'> = typeof value === 'string' ? { Script: value } : isJsonObject(value) ? value : {};
    const { Script: script, RequiresPrivilege: privilege, Timeout: timeout, Setenv: setenv } = step;
    if (typeof script !== 'string') continue;
    steps[name] = {
      script,
      requiresPrivilege: privilege === true || privilege === 'true',
      timeoutSeconds: timeout === undefined ? undefined : Number(timeout),
      skipIf: undefined,
      setenv: textsOf(setenv),
    };
  }
  return { steps, setenv: textsOf(lifecycle.Setenv) };
}

/** Of JSON, numbers and booleans are as they are written; of YAML all are texts already. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([name, text]) =>
      typeof text === 'string' || typeof text === 'number' || typeof text === 'boolean' ? [[name, String(text)] as const] : [],
    ),
  );
}
