import { LIFECYCLE_STEPS, type Lifecycle, type LifecycleStep, type LifecycleStepName } from './recipe.js';
import { isJsonObject } from '../shared/json-object.js';
import type { Written } from './recipe-format.js';
import type { RecipePlace } from './recipe-place.js';

/** What selections leave of a place. */
type Narrow = (place: RecipePlace) => RecipePlace | undefined;

/** The lifecycle of a manifest: its own, or else what its selections leave of the recipe's global one. */
export function manifestLifecycle(
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
