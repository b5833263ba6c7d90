import { isJsonObject } from '../shared/check-argument.js';
import { filledUri, type GdkComponent, placeholderIn, unfilled } from './gdk-config.js';
import type { Written } from './recipe-format.js';
import type { RecipePlace } from './recipe-place.js';
import {
  type Lifecycle,
  LIFECYCLE_STEPS,
  type LifecycleStep,
  type LifecycleStepName,
  type RecipeArtifact,
  type RecipeManifest,
} from './recipe.js';

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
    const step = stepOf(narrow(place.member(name))?.as('text|a step').read());
    if (step !== undefined) steps[name] = step;
  }
  if (steps.run !== undefined && steps.startup !== undefined) {
    place.warning(
      'run and startup exclude each other: a nucleus takes startup alone',
      'Keep run for a process that goes on, startup for one that starts another and ends',
    );
  }
  return { steps, setenv: narrow(place.member('Setenv'))?.as('text{}').read() ?? {} };
}

/** A step is its script, or a map that has it. Bootstrap may restart the device without a script; a step that has none does nothing. */
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
