import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../shared/json-object.js';
import { readRecipe } from '../recipe/read-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { CONFIG_KEY, CONFIG_VARIABLE } from '../component/configuration.js';
import { MQTT_PROXY, OPERATION } from './access.js';
import type { RecipeDocument } from '../recipe/recipe-format.js';

/**
 * How a recipe that was written or committed earlier does not fit the one the code needs now: one line each, `+` for what it lacks, `-` for
 * what it has and the code does not need, `~` for what differs. None: it fits. What else is in it (further manifests, other services, dependencies)
 * is its author's.
 */
export const recipeDifference = (committed: string, source: string, derived: RecipeDocument): readonly string[] => {
  const read = readRecipe(committed, source);
  if (read._tag === 'Left') return read.left.message.split('\n');
  const recipe = read.right;
  const defaults = derived.ComponentConfiguration?.DefaultConfiguration ?? {};
  return [
    ...differs('ComponentName', recipe.componentName, derived.ComponentName),
    ...differs('ComponentVersion', recipe.componentVersion, derived.ComponentVersion),
    ...grants(grantsOf(recipe.accessControl), grantsOf(defaults.accessControl)),
    ...configuration(`DefaultConfiguration/${CONFIG_KEY}`, recipe.defaultConfiguration[CONFIG_KEY], defaults[CONFIG_KEY]),
    ...environment(recipe, derived),
  ];
};

const differs = (what: string, is: string, wanted: string): readonly string[] =>
  is === wanted ? [] : [`~ ${what} is ${is}; the code says ${wanted}`];

const grants = (there: ReadonlySet<string>, wanted: ReadonlySet<string>): readonly string[] => [
  ...[...wanted].filter(grant => !there.has(grant)).map(grant => `+ accessControl must allow ${grant}`),
  ...[...there].filter(grant => !wanted.has(grant)).map(grant => `- accessControl allows ${grant}, which the component does not do`),
];

/** What a policy document allows on the MQTT proxy, as `operation on resource`. Malformed parts allow nothing. */
const grantsOf = (accessControl: unknown): ReadonlySet<string> => {
  const grants = new Set<string>();
  for (const policy of Object.values(mapOf(mapOf(accessControl)[MQTT_PROXY]))) {
    const { operations, resources } = mapOf(policy);
    for (const operation of textsOf(operations).flatMap(text => (text === '*' ? Object.values(OPERATION) : [text])))
      for (const resource of textsOf(resources)) grants.add(`${operation} on ${JSON.stringify(resource)}`);
  }
  return grants;
};

const configuration = (path: string, there: unknown, wanted: unknown): readonly string[] => {
  if (isDeepStrictEqual(there, wanted)) return [];
  if (isJsonObject(there) && isJsonObject(wanted)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(there)]);
    return [...keys].flatMap(key => configuration(`${path}/${key}`, there[key], wanted[key]));
  }
  if (there === undefined) return [`+ ${path} must be ${JSON.stringify(wanted)}`];
  if (wanted === undefined) return [`- ${path} is ${JSON.stringify(there)}, and the code has no such default`];
  return [`~ ${path} is ${JSON.stringify(there)}; the code says ${JSON.stringify(wanted)}`];
};

/** The variables that `run` reads. Each manifest must set them, or its devices run with the code's defaults. */
const environment = ({ manifests }: Recipe, derived: RecipeDocument): readonly string[] => {
  const wanted = derived.Manifests[0]?.Lifecycle?.Setenv ?? {};
  return manifests.flatMap(({ name, lifecycle }, i) => {
    const { run } = lifecycle.steps;
    if (run === undefined) return [];
    const there = { ...lifecycle.setenv, ...run.setenv };
    const where = `Manifests/${name ?? String(i)}/Lifecycle/Setenv`;
    return Object.entries(wanted)
      .filter(([variable, value]) => variable === CONFIG_VARIABLE && there[variable] !== value)
      .map(([variable, value]) => `+ ${where} must have ${variable}: ${JSON.stringify(value)}`);
  });
};
const mapOf = (value: unknown): Readonly<Record<string, unknown>> => (isJsonObject(value) ? value : {});
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
