import { isJsonObject } from '../shared/check-argument.js';
import type { Configuration } from './configuration.js';
import { filledUri, type GdkComponent, placeholderIn, unfilled } from './gdk-config.js';
import { misspeltVariables } from './interpolate.js';
import { LIFECYCLE_STEPS, type LifecycleStepName, type RECIPE_FORMAT, type RecipeThing, type Written } from './recipe-format.js';
import type { RecipePlace } from './recipe-place.js';
import { type Lifecycle, type LifecycleStep, type LiteManifest, type RecipeArtifact, type RecipeManifest } from './recipe.js';

/** What selections leave of a place. */
type Narrow = (place: RecipePlace) => RecipePlace | undefined;

/** What a recipe says for each platform. */
export function readManifests(
  place: RecipePlace<'a manifest[]!'>,
  global: RecipePlace<'a global lifecycle'>,
  gdk: GdkComponent,
): readonly RecipeManifest[] {
  const items = place.items();
  const keys = new Set([...items.flatMap(item => item.member('Selections').read() ?? []), 'all']);
  return items.map(item => {
    const lifecycle = manifestLifecycle(item, global, keys);
    if (isJsonObject(item.value) && Object.keys(lifecycle.steps).length === 0) {
      item.warning('it has no step to run, so that nothing is started', 'Write Lifecycle: { run: … }');
    }
    checkPlatform(item.member('Platform'));
    return {
      name: item.member('Name').read(),
      platform: item.member('Platform').read() ?? {},
      lifecycle,
      artifacts: item
        .member('Artifacts')
        .items()
        .flatMap(artifact => readArtifact(artifact, gdk)),
    };
  });
}

/** What devices say of themselves, and what stands for any. Expressions are between slashes. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  os: ['linux', 'darwin', 'windows', '*', 'all', 'any'],
  architecture: ['amd64', 'aarch64', 'arm', 'x86', 'riscv64', '*', 'all', 'any'],
};

function checkPlatform(platform: RecipePlace<'text or null{}'>): void {
  for (const [name, words] of Object.entries(WORDS)) {
    const word = platform.member(name);
    const text = word.read();
    if (typeof text !== 'string' || words.includes(text) || /^\/.*\/$/.test(text)) continue;
    word.warning(`no device says this of its ${name}, which is compared exactly`, `The words are ${words.join(', ')}`, text);
  }
}

function readArtifact(artifact: RecipePlace<'an artifact'>, gdk: GdkComponent): readonly RecipeArtifact[] {
  const place = artifact.member('Uri');
  const written = place.read();
  if (written === undefined) {
    artifact.error('an artifact needs its Uri', 'Such as Uri: s3://bucket/component.zip');
    return [];
  }
  const placeholder = gdk.name === undefined ? placeholderIn(written) : undefined;
  const uri = filledUri(written, gdk);
  if (placeholder !== undefined) unfilled(place, placeholder);
  else if (!/^[A-Za-z][A-Za-z0-9+.-]*:(?:[^\s<>"{}|\\^`%\p{Cc}]|%[0-9A-Fa-f]{2})+$/u.test(uri)) {
    place.error('this is no URI', 'Write s3://bucket/path, without spaces, <, > or braces', uri);
  } else if (!/^(?:s3|docker|greengrass):/i.test(uri)) {
    place.warning('a nucleus downloads from s3:, docker: and greengrass: only', 'Write Uri: s3://bucket/component.zip', uri);
  }
  return [{ uri, unarchive: artifact.member('Unarchive').read() ?? 'NONE' }];
}

/** The lifecycle of a manifest: its own, or else what its selections leave of the recipe's global one. */
function manifestLifecycle(
  manifest: RecipePlace<'a manifest'>,
  global: RecipePlace<'a global lifecycle'>,
  allSelections: ReadonlySet<string>,
): Lifecycle {
  const own = manifest.member('Lifecycle');
  if (own.members().length > 0) return readLifecycle(own);
  const selections = manifest.member('Selections').read() ?? [];
  const left = select(global, allSelections, selections);
  return left === undefined
    ? { steps: {}, setenv: {} }
    : readLifecycle(left.as('Lifecycle'), place => select(place, allSelections, selections));
}

/**
 * A map that has selection keys stands for what is under the first one selected, and else under `all`.
 *
 * Source: `PlatformResolver.filterPlatform` of the nucleus.
 */
function select(place: RecipePlace, keys: ReadonlySet<string>, selections: readonly string[]): RecipePlace | undefined {
  const map = place.value;
  if (!isJsonObject(map)) return place.isMissing ? undefined : place;
  if (!Object.keys(map).some(key => keys.has(key))) return place;
  const stray = Object.keys(map).filter(key => !keys.has(key));
  if (stray.length > 0) {
    place.warning(`${stray.join(', ')} is left out: it stands beside selection keys`, 'Put it under the selection key all');
  }
  const chosen = [...selections, 'all'].find(key => map[key] !== undefined && map[key] !== null);
  return chosen === undefined ? undefined : select(place.member(chosen), keys, selections);
}

function readLifecycle(place: RecipePlace<'Lifecycle'>, narrow: Narrow = inner => inner): Lifecycle {
  const steps: Partial<Record<LifecycleStepName, LifecycleStep>> = {};
  place.checkNames('Lifecycle');
  for (const name of LIFECYCLE_STEPS) {
    const at = narrow(place.member(name));
    const step = stepOf(at?.as('text|a step').read());
    if (step === undefined) continue;
    steps[name] = step;
    if (at !== undefined) checkVariables(at, [step.script, step.skipIf ?? '', ...Object.values(step.setenv)]);
  }
  if (steps.run !== undefined && steps.startup !== undefined) {
    place.warning(
      'run and startup exclude each other: a nucleus takes startup alone',
      'Keep run for a process that goes on, startup for one that starts another and ends',
    );
  }
  const variables = narrow(place.member('Setenv'))?.as('text{}');
  const setenv = variables?.read() ?? {};
  if (variables !== undefined) checkVariables(variables, Object.values(setenv));
  return { steps, setenv };
}

function checkVariables(place: RecipePlace, texts: readonly string[]): void {
  for (const { variable, meant } of texts.flatMap(misspeltVariables))
    place.warning('no device knows such a recipe variable, and leaves it as it is', `Write ${meant}`, variable);
}

/** A step is its script, or a map that has one. Without a script it does nothing; only bootstrap may restart the device without one. */
function stepOf(written: Written<'text|a step'> | undefined): LifecycleStep | undefined {
  const {
    Script: script,
    RequiresPrivilege,
    Timeout,
    Skipif,
    Setenv,
  } = typeof written === 'string' ? { Script: written } : (written ?? {});
  if (script === undefined) return undefined;
  return {
    script,
    requiresPrivilege: RequiresPrivilege === true,
    // A recipe variable stands for a number that the deployment knows.
    timeoutSeconds: typeof Timeout === 'number' ? Timeout : undefined,
    skipIf: Skipif,
    setenv: Setenv ?? {},
  };
}

/** Greengrass Lite reads a recipe into a buffer of this size. */
const MAX_BYTES = 8196;

/** What Lite finds of a thing of the format, which compares names exactly. */
type Found<T extends RecipeThing> = Readonly<Partial<Record<keyof (typeof RECIPE_FORMAT)[T], unknown>>>;

/**
 * What Greengrass Lite makes of a recipe's manifests: one for each, up to the first that it cannot read, and none of a recipe that it
 * cannot read at all. Why it cannot is told at `place`, among the findings on Lite.
 *
 * @param value - The recipe as Lite reads it.
 * @param manifests - As the classic nucleus reads them.
 *
 * Source: `ggl_recipe_get_from_file`, `manifest_selection`, `lifecycle_selection` and `fetch_script_section` in `recipe.c` of Greengrass
 * Lite.
 */
export function liteRecipe(
  place: RecipePlace,
  value: unknown,
  bytes: number,
  manifests: readonly RecipeManifest[],
): readonly LiteManifest[] {
  if (bytes > MAX_BYTES) {
    place.onLite(`it has ${bytes} bytes, and Greengrass Lite reads no recipe of more than ${MAX_BYTES}`, 'Shorten it');
    return [];
  }
  const root: Found<'a recipe'> = isJsonObject(value) ? value : {};
  const list = root.Manifests;
  if (!Array.isArray(list)) return [];
  const read: LiteManifest[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const lite = liteManifest(list[i], root, manifest);
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

function liteManifest(value: unknown, root: Found<'a recipe'>, manifest: RecipeManifest): LiteManifest {
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
  const lifecycle = liteLifecycleOf(found, root);
  if (typeof lifecycle === 'string') return refused(lifecycle);
  return {
    kind: 'taken',
    architecture: architecture === undefined || architecture === '' || architecture === '*' ? undefined : architecture,
    manifest: { ...manifest, lifecycle: liteLifecycle(lifecycle) },
  };
}

/** The manifest's own lifecycle, or what stands under its selections, of which the last counts. A text says why there is none. */
function liteLifecycleOf(manifest: Found<'a manifest'>, root: Found<'a recipe'>): Found<'Lifecycle'> | string {
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

function liteLifecycle(lifecycle: Found<'Lifecycle'>): Lifecycle {
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

/** From JSON come numbers and booleans, from YAML texts alone. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([name, text]) =>
      typeof text === 'string' || typeof text === 'number' || typeof text === 'boolean' ? [[name, String(text)] as const] : [],
    ),
  );
}
