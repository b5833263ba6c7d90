import { LIFECYCLE_STEPS, type Lifecycle, type LifecycleStep, type LifecycleStepName } from './recipe.js';
import { isJsonObject } from '../shared/json-object.js';
import type { RecipePlace } from './recipe-place.js';

/** The lifecycle of a manifest: its own, or else what its selections leave of the recipe's global one. */
export function manifestLifecycle(manifest: RecipePlace, global: RecipePlace, allSelections: ReadonlySet<string>): Lifecycle {
  const own = manifest.member('Lifecycle');
  if (own.members().length > 0) return readLifecycle(own);
  const selections = manifest
    .member('Selections')
    .items()
    .flatMap(item => item.text() ?? []);
  const left = select(global, allSelections, selections);
  return left === undefined ? { steps: {}, setenv: {} } : readLifecycle(left, place => select(place, allSelections, selections));
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

function readLifecycle(place: RecipePlace, narrow: (place: RecipePlace) => RecipePlace | undefined = inner => inner): Lifecycle {
  const steps: Partial<Record<LifecycleStepName, LifecycleStep>> = {};
  let setenv: Readonly<Record<string, string>> = {};
  place.checkNames('Lifecycle');
  for (const [name, member] of place.members()) {
    const inner = narrow(member);
    if (inner === undefined) continue;
    const step = LIFECYCLE_STEPS.find(known => known === name.toLowerCase());
    if (step !== undefined) {
      const read = readStep(inner);
      if (read !== undefined) steps[step] = read;
    } else if (name.toLowerCase() === 'setenv') setenv = readSetenv(inner);
  }
  if (steps.run !== undefined && steps.startup !== undefined) {
    place.warning(
      'run and startup exclude each other: a nucleus takes startup alone',
      'Keep run for a process that goes on, startup for one that starts another and ends',
    );
  }
  return { steps, setenv };
}

/** A step is its script, or a map that has it. */
function readStep(place: RecipePlace): LifecycleStep | undefined {
  if (place.isMissing) return undefined;
  const isScript = !isJsonObject(place.value);
  const scriptPlace = isScript ? place : place.member('Script');
  const script = scriptPlace.text();
  // Bootstrap may restart the device without a script of its own; a step that has none does nothing.
  if (script === undefined) return undefined;
  if (isScript) return { script, requiresPrivilege: false, timeoutSeconds: undefined, skipIf: undefined, setenv: {} };
  place.checkNames('a step');
  const timeout = place.member('Timeout');
  const text = timeout.text();
  // A recipe variable stands for a number that the deployment knows.
  const seconds = text === undefined || text.startsWith('{') ? undefined : Number(text);
  if (seconds !== undefined && !(seconds >= 0)) timeout.error('a number of seconds belongs here', 'Such as 120, or leave it out');
  return {
    script,
    requiresPrivilege: place.member('RequiresPrivilege').text()?.toLowerCase() === 'true',
    timeoutSeconds: seconds,
    skipIf: place.member('SkipIf').text(),
    setenv: readSetenv(place.member('Setenv')),
  };
}

function readSetenv(place: RecipePlace): Readonly<Record<string, string>> {
  return Object.fromEntries(
    place.members().flatMap(([name, value]) => {
      const text = value.text();
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}
