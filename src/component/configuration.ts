import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js';
import { isJsonObject } from '../shared/json-object.js';
import { forbiddenKeyIn } from '../codec/forbidden-key.js';
import { inexactNumbers } from '../codec/inexact-numbers.js';
import { describe } from '../codec/problems.js';
import { validated } from '../codec/validated.js';
import { ConfigurationInvalid } from '../errors/errors.js';
import type { Component } from './component.js';

/** The variable in which a component finds its configuration, as JSON. The derived recipe sets it. */
export const CONFIG_VARIABLE = 'GREENGRASS_RX_CONFIG';

/** The member of the component's configuration that is its own; beside it is `accessControl`. */
export const CONFIG_KEY = 'config';

/**
 * What the recipe sets the variable to. Both nuclei put the JSON of an object in the place of such a variable. The whole configuration
 * cannot be had so: `{configuration:/}` is a member whose name is empty.
 *
 * Source: component recipe reference, "Recipe variables"; `KernelConfigResolver` of the nucleus; `recipe-runner` of Greengrass Lite.
 */
export const CONFIG_PLACEHOLDER = '{configuration:/config}';

/** The component's defaults with the environment over them, checked: what `run` is given. */
export const readConfiguration = <A>(
  component: Pick<Component<A>, 'name' | 'config' | 'defaults'>,
  env: NodeJS.ProcessEnv,
): Either<ConfigurationInvalid, A> => {
  const { name, config, defaults } = component;
  const given = parse(env[CONFIG_VARIABLE]);
  if (isLeft(given)) return left(new ConfigurationInvalid(name, given.left));
  // A component without a codec takes no configuration: its A is undefined.
  if (config === undefined) return right(undefined as A);
  const decoded = validated(config, merged(defaults, given.right));
  return isLeft(decoded) ? left(new ConfigurationInvalid(name, decoded.left.problems, decoded.left.cause)) : decoded;
};

/** Whether the variable says what the configuration is. Else it is what the nucleus has. */
export const overridesConfiguration = (env: NodeJS.ProcessEnv): boolean => {
  const variable = env[CONFIG_VARIABLE];
  return variable !== undefined && variable.trim() !== '' && variable !== CONFIG_PLACEHOLDER;
};

/** A component's codec with its defaults: what decodes the configuration that the nucleus has. */
export const withDefaults = <A>(
  { defaults }: Pick<Component<A>, 'defaults'>,
  config: NonNullable<Component<A>['config']>,
): typeof config => ({
  name: config.name,
  decode: value => config.decode(value === undefined ? defaults : isJsonObject(value) ? merged(defaults, value) : value),
});

const parse = (variable: string | undefined): Either<readonly string[], Readonly<Record<string, unknown>>> => {
  // Where the configuration has no such member, the classic nucleus leaves the placeholder as it is.
  if (variable === undefined || variable.trim() === '' || variable === CONFIG_PLACEHOLDER) return right({});
  let parsed: unknown;
  try {
    parsed = JSON.parse(variable);
  } catch {
    return left([`(root): expected JSON in ${CONFIG_VARIABLE}, got ${describe(variable)}`]);
  }
  if (!isJsonObject(parsed)) return left([`(root): expected an object in ${CONFIG_VARIABLE}, got ${describe(parsed)}`]);
  const problems = [forbiddenKeyIn(variable, parsed) ?? [], inexactNumbers(variable)].flat();
  return problems.length === 0 ? right(parsed) : left(problems);
};

/** As Greengrass merges: maps key by key, all else, lists too, replaced. */
const merged = (
  defaults: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const result: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    const before = result[key];
    result[key] = isJsonObject(before) && isJsonObject(value) ? merged(before, value) : value;
  }
  return result;
};
