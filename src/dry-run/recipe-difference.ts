import { isDeepStrictEqual } from 'node:util';
import { CONFIG_KEY, CONFIG_VARIABLE, LIFECYCLE_VARIABLE } from '../component/configuration.js';
import { readRecipe } from '../recipe/read-recipe.js';
import type { RecipeDocument } from '../recipe/recipe-format.js';
import { mainStepOf, type RecipeManifest } from '../recipe/recipe.js';
import { isJsonObject } from '../shared/check-argument.js';
import { TOPIC_SERVICES } from './access.js';
import type { RecipeLifecycle } from './recipe.js';

/**
 * How a recipe that was written or committed earlier does not fit the one the code needs now: one line each, `+` for what it lacks, `-` for
 * what it has and the code does not need, `~` for what differs. None: it fits. What else is in it (further manifests, other services, dependencies)
 * is its author's.
 *
 * @param lifecycle the step that the component is to be; `undefined`: as the recipe has it.
 */
export function recipeDifference(
  committed: string,
  source: string,
  derived: RecipeDocument,
  lifecycle: RecipeLifecycle | undefined,
): readonly string[] {
  const read = readRecipe(committed, source);
  if (read._tag === 'Left') return read.left.message.split('\n');
  const recipe = read.right;
  const defaults = derived.ComponentConfiguration?.DefaultConfiguration ?? {};
  return [
    ...differs('ComponentName', recipe.componentName, derived.ComponentName),
    ...differs('ComponentVersion', recipe.componentVersion, derived.ComponentVersion),
    ...grants(grantsOf(recipe.accessControl), grantsOf(defaults.accessControl)),
    ...configuration(`DefaultConfiguration/${CONFIG_KEY}`, recipe.defaultConfiguration[CONFIG_KEY], defaults[CONFIG_KEY]),
    ...recipe.manifests.flatMap((manifest, i) => steps(manifest, `Manifests/${manifest.name ?? String(i)}/Lifecycle`, lifecycle)),
  ];
}

function differs(what: string, is: string, wanted: string): readonly string[] {
  return is === wanted ? [] : [`~ ${what} is ${is}; the code says ${wanted}`];
}

function grants(there: ReadonlySet<string>, wanted: ReadonlySet<string>): readonly string[] {
  return [
    ...[...wanted].filter(grant => !there.has(grant)).map(grant => `+ accessControl must allow ${grant}`),
    ...[...there].filter(grant => !wanted.has(grant)).map(grant => `- accessControl allows ${grant}, which the component does not do`),
  ];
}

/** What a policy document allows on topics, as `operation on resource`. Malformed parts allow nothing. */
function grantsOf(accessControl: unknown): ReadonlySet<string> {
  const grants = new Set<string>();
  for (const { service, operations: all } of TOPIC_SERVICES)
    for (const policy of Object.values(mapOf(mapOf(accessControl)[service]))) {
      const { operations, resources } = mapOf(policy);
      for (const operation of textsOf(operations).flatMap(text => (text === '*' ? Object.values(all) : [text])))
        for (const resource of textsOf(resources)) grants.add(`${operation} on ${JSON.stringify(resource)}`);
    }
  return grants;
}

function configuration(path: string, there: unknown, wanted: unknown): readonly string[] {
  if (isDeepStrictEqual(there, wanted)) return [];
  if (isJsonObject(there) && isJsonObject(wanted)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(there)]);
    return [...keys].flatMap(key => configuration(`${path}/${key}`, there[key], wanted[key]));
  }
  if (there === undefined) return [`+ ${path} must be ${JSON.stringify(wanted)}`];
  if (wanted === undefined) return [`- ${path} is ${JSON.stringify(there)}, and the code has no such default`];
  return [`~ ${path} is ${JSON.stringify(there)}; the code says ${JSON.stringify(wanted)}`];
}

/** The step the component runs in, and the variables of it that change what it does. */
function steps({ lifecycle }: RecipeManifest, where: string, wanted: RecipeLifecycle | undefined): readonly string[] {
  const main = mainStepOf(lifecycle);
  if (main === undefined) return [];
  const { name: step } = main;
  const { [CONFIG_VARIABLE]: configuration, [LIFECYCLE_VARIABLE]: said } = { ...lifecycle.setenv, ...main.setenv };
  return [
    ...(wanted === undefined || wanted === step ? [] : [`~ ${where} has ${step}; it is to be ${wanted}`]),
    ...(step === 'startup' && said !== step ? [`+ ${where}/Setenv must have ${LIFECYCLE_VARIABLE}: ${JSON.stringify(step)}`] : []),
    ...(step === 'run' && said !== undefined ? [`- ${where}/Setenv has ${LIFECYCLE_VARIABLE}, and the component runs in run`] : []),
    ...(configuration === undefined
      ? []
      : [
          `- ${where}/Setenv has ${CONFIG_VARIABLE}, which stands in the place of the configuration that the component reads and follows itself`,
        ]),
  ];
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
