import type { ComponentEnvironment } from '../../local/lifecycle/component-process.js';
import { EVERYTHING } from '../../local/pubsub/neighbour.js';
import type { Configuration } from '../../recipe/configuration.js';
import { interpolate } from '../../recipe/interpolate.js';
import { readRecipeFile } from '../../recipe/read-recipe.js';
import { currentPlatform, type LocalComponent, mainStepOf, manifestFor, type Recipe, type RecipeComponent } from '../../recipe/recipe.js';
import type { Profile } from '../../shared/profile.js';
import { QUIET_VARIABLE } from '../../stream/unhandled.js';
import { EXIT, inLines, UsageError } from '../cli-error.js';

/** A component that `dev` knows. */
export interface DevComponent {
  readonly name: string;
  readonly local: LocalComponent | RecipeComponent;
  /**
   * The environment that its recipe gives it where `{work:path}` is this folder, and its configuration this one. Left out: the recipe's.
   */
  readonly setenv: (workPath: string, configuration?: Configuration) => Readonly<Record<string, string>>;
  /** What in its recipe a device would pass over in silence. */
  readonly warnings: readonly string[];
}

/** A component without a recipe, which may use every topic. */
export function unrestrictedComponent(name: string): DevComponent {
  return {
    name,
    local: { name, accessControl: EVERYTHING },
    setenv: () => ({}),
    warnings: ['has no recipe, so it may use every topic; --recipe gives it its policies'],
  };
}

/** The components of recipes. */
export async function recipeComponents(paths: readonly string[], profile: Profile, names: DeviceNames): Promise<readonly DevComponent[]> {
  const components = await Promise.all(
    paths.map(async path => {
      const recipe = await readRecipeFile(path)();
      if (recipe._tag === 'Left') throw inLines(recipe.left, EXIT.USAGE);
      return { path, component: ofRecipe(recipe.right, path, profile, names) };
    }),
  );
  for (const [i, { path, component }] of components.entries()) {
    const other = components.findIndex(each => each.component.name === component.name);
    if (other !== i)
      throw new UsageError(
        `${components[other]?.path ?? ''} and ${path} are recipes of the same component, ${component.name}.`,
        'Give each component once.',
      );
  }
  return components.map(({ component }) => component);
}

/** Why a deployment to a device like this machine would fail; `undefined` if it would not. */
function withoutManifest(recipe: Recipe, path: string, profile: Profile): string | undefined {
  if (manifestFor(recipe, currentPlatform(profile)) !== undefined || recipe.manifests.length === 0) return undefined;
  const device = profile === 'lite' ? 'Greengrass Lite on a machine like this' : 'this machine';
  return `${path} has no manifest for ${device}, so that a deployment to one like it would fail.`;
}

function ofRecipe(recipe: Recipe, path: string, profile: Profile, { thingName }: DeviceNames): DevComponent {
  const { componentName: name, componentVersion, defaultConfiguration } = recipe;
  const manifest = manifestFor(recipe, currentPlatform(profile));
  const lifecycle = manifest?.lifecycle;
  const variables = { componentName: name, componentVersion, thingName, rootPath: '/greengrass/v2', profile };
  const setenv = Object.entries({ ...lifecycle?.setenv, ...(lifecycle && mainStepOf(lifecycle)?.setenv) });
  const problems = [...recipe.warnings, ...(profile === 'lite' ? recipe.liteProblems : [])];
  const warnings = problems.map(({ line, message, remedy }) => `${path}:${line}: ${message}. ${remedy}.`);
  const noManifest = withoutManifest(recipe, path, profile) ?? [];
  return {
    name,
    // As after a reset: while one develops, what the recipe says now is meant, and not what it said before.
    local: { recipe, configurationUpdate: { reset: [''] } },
    setenv: (workPath, configuration = defaultConfiguration) =>
      Object.fromEntries(setenv.map(([key, value]) => [key, interpolate(value, { ...variables, configuration, workPath })])),
    warnings: warnings.concat(noManifest),
  };
}

/** What a device is called, for components that ask. */
interface DeviceNames {
  readonly thingName: string;
  readonly region: string;
}

/** The version a nucleus of this profile tells its components. */
const GGC_VERSION: Record<Profile, string> = { classic: '2.14.0', lite: '2.6.0' };

/**
 * The variables that Greengrass sets for the components it starts. Credentials (`AWS_CONTAINER_…`) are not among them: there is no
 * token exchange service here.
 *
 * Source: AWS IoT Greengrass developer guide, "Component environment variable reference".
 */
export function componentEnvironment(
  profile: Profile,
  reach: ComponentEnvironment,
  { thingName, region }: DeviceNames,
): Readonly<Record<string, string>> {
  return { ...reach, AWS_IOT_THING_NAME: thingName, AWS_REGION: region, AWS_DEFAULT_REGION: region, GGC_VERSION: GGC_VERSION[profile] };
}

/**
 * On a device a log is kept small. Here a developer wants to see a mistake each time that it is made, and an error's place in the source
 * file.
 */
export function toldOften(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const { NODE_OPTIONS: options = '' } = env;
  return {
    [QUIET_VARIABLE]: env[QUIET_VARIABLE] ?? '0',
    NODE_OPTIONS: options.includes('source-maps') ? options : `${options} --enable-source-maps`.trim(),
  };
}

/**
 * While its policies are away, a Lite refuses even what they allow, and a component asks again for half a minute. Here the policies are
 * always there, and a forgotten topic is to show at once; but not where a script plays the troubles of a device.
 */
export function patience(profile: Profile, isPlayed: boolean, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const isAtOnce = profile === 'lite' && !isPlayed && env['GREENGRASS_RX_REFUSAL_PATIENCE'] === undefined;
  return isAtOnce ? { GREENGRASS_RX_REFUSAL_PATIENCE: '0' } : {};
}
