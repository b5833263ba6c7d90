import { readFile } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import { isJsonObject } from '../shared/check-argument.js';
import { isComponentName, isComponentVersion } from '../shared/component-identity.js';
import { type GdkComponent, gdkComponentBeside, placeholderOf, unfilled } from './gdk-config.js';
import { liteConfiguration, liteRecipe, readManifests } from './read-manifests.js';
import { RECIPE_WORDS } from './recipe-format.js';
import { RecipePlace } from './recipe-place.js';
import { RecipeInvalid, RecipeUnreadable } from './recipe-problems.js';
import { RecipeText } from './recipe-text.js';
import type { Recipe } from './recipe.js';

/**
 * Reads a component's recipe, JSON or YAML, as a device reads it: names in any case, unknown ones left out (and named in
 * `warnings`), of two equal names the last. YAML is YAML 1.1, as the classic nucleus reads it; what Greengrass Lite takes otherwise, or not
 * at all, is in `liteProblems`.
 *
 * A Left names everything that is wrong, with line, column and remedy. The `accessControl` is only found, not judged: each profile
 * judges it otherwise; see `lintPolicies`.
 *
 * @param text - The recipe's text.
 * @param source - What to call it in messages, such as its path. As a device does, it says which of the two the text is: one that ends in
 *   `.json` is JSON, in `.yaml` or `.yml` YAML. Any other name: JSON if it begins with a brace.
 * @param gdk - What stands for the placeholders of the Development Kit (`{COMPONENT_NAME}`, `NEXT_PATCH`). Left out: nothing, and they are
 * named.
 *
 * @example
 * ```ts
 * import { readRecipe } from 'greengrass-rx/local';
 *
 * const recipe = readRecipe(`
 * RecipeFormatVersion: '2020-01-25'
 * ComponentName: com.example.Sensor
 * ComponentVersion: 1.0.0
 * Manifests:
 *   - Platform: { os: linux, runtime: '*' }
 *     Lifecycle: { run: 'node {artifacts:path}/sensor.js' }
 * `);
 * if (recipe._tag === 'Right') console.log(recipe.right.componentName, recipe.right.manifests[0]?.lifecycle.steps.run?.script);
 * ```
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `RecipeLoader` of the nucleus.
 */
export function readRecipe(text: string, source = 'the recipe', gdk: GdkComponent = {}): E.Either<RecipeInvalid, Recipe> {
  const read = new RecipeText(text, source);
  const recipe = read.errors.isEmpty ? toRecipe(new RecipePlace(read, read.value, [], 'a recipe'), read, gdk) : undefined;
  return recipe === undefined || !read.errors.isEmpty ? E.left(new RecipeInvalid(source, read.errors.problems)) : E.right(recipe);
}

/**
 * Reads a recipe's file: `readRecipe` of what is in it. Placeholders of the Development Kit are filled in from the `gdk-config.json` beside
 * it.
 *
 * @example
 * ```ts
 * import { readRecipeFile } from 'greengrass-rx/local';
 *
 * const recipe = await readRecipeFile('no-such-recipe.yaml')();
 * if (recipe._tag === 'Left') console.log(recipe.left.message); // There is no file no-such-recipe.yaml. Give the path of …
 * ```
 */
export function readRecipeFile(path: string): TE.TaskEither<RecipeUnreadable | RecipeInvalid, Recipe> {
  return pipe(
    TE.tryCatch(
      async () => ({ text: await readFile(path, 'utf8'), gdk: await gdkComponentBeside(path) }),
      (cause): RecipeUnreadable | RecipeInvalid => new RecipeUnreadable(path, cause),
    ),
    TE.flatMapEither(({ text, gdk }) => readRecipe(text, path, gdk)),
  );
}

const [FORMAT_VERSION] = RECIPE_WORDS.RecipeFormatVersion;

function toRecipe(root: RecipePlace<'a recipe'>, read: RecipeText, gdk: GdkComponent): Recipe | undefined {
  if (!isJsonObject(root.value)) {
    root.error('a recipe is a map', `Begin with RecipeFormatVersion: '${FORMAT_VERSION}'`);
    return undefined;
  }
  const format = root.member('RecipeFormatVersion');
  if (format.isMissing) format.error('RecipeFormatVersion is missing', `Write RecipeFormatVersion: '${FORMAT_VERSION}'`);
  else format.read();
  const componentName = nameOf(root.member('ComponentName'), gdk);
  const componentVersion = versionOf(root.member('ComponentVersion'), gdk);
  const place = root
    .withMember('ComponentName', componentName)
    .withMember('ComponentVersion', componentVersion)
    .withMember('ComponentPublisher', publisherOf(root.member('ComponentPublisher'), gdk));
  const document = place.read();
  for (const [, dependency] of place.member('ComponentDependencies').members()) checkDependency(dependency);
  if (place.member('Manifests').isMissing) {
    place
      .member('Manifests')
      .warning('there are no Manifests, so that no device can use this recipe', 'Add one with the Lifecycle that runs the component');
  }
  const manifests = readManifests(place.member('Manifests'), place.member('Lifecycle'), gdk);
  const configuration = place.member('ComponentConfiguration').member('DefaultConfiguration');
  if (document === undefined) return undefined;
  return {
    componentName,
    componentVersion,
    defaultConfiguration: document.ComponentConfiguration?.DefaultConfiguration ?? {},
    liteDefaultConfiguration: liteConfiguration(read.liteValue),
    accessControl: configuration.member('accessControl').value,
    dependencies: Object.keys(document.ComponentDependencies ?? {}),
    manifests,
    liteManifests: liteRecipe(place, read.liteValue, read.bytes, manifests),
    document,
    warnings: read.warnings.problems,
    liteProblems: read.lite.problems,
  };
}

/** A range as npm writes it, such as `>=1.0.0 <2.0.0`, `^1.2.0` or `~1.0 || 2.x`. */
const COMPARATOR = '(?:[~^]|~>|[<>]=?|=)?\\s*v?(?:\\d+|[xX*])(?:\\.(?:\\d+|[xX*])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?';
const RANGE = new RegExp(
  `^\\s*${COMPARATOR}(?:\\s+(?:-\\s+)?${COMPARATOR})*(?:\\s*\\|\\|\\s*${COMPARATOR}(?:\\s+(?:-\\s+)?${COMPARATOR})*)*\\s*$`,
);

function checkDependency(dependency: RecipePlace<'a dependency'>): void {
  const place = dependency.member('VersionRequirement');
  const range = place.read();
  if (range === undefined) dependency.error('a dependency needs its VersionRequirement', "Such as VersionRequirement: '>=1.0.0 <2.0.0'");
  else if (!RANGE.test(range))
    place.error('this is no range of versions', "Write one as npm does, such as '>=1.0.0 <2.0.0'", JSON.stringify(range));
}

function nameOf(place: RecipePlace, { name: filled }: GdkComponent): string {
  const placeholder = placeholderOf('name', place.value);
  const name = placeholder === undefined ? (place.text() ?? '') : (filled ?? '');
  if (placeholder !== undefined && filled === undefined) unfilled(place, placeholder);
  else if (!isComponentName(name)) {
    place.error(
      place.isMissing ? 'ComponentName is missing' : `${JSON.stringify(name)} cannot be a component's name`,
      'Give 1 to 128 letters, digits, dots, hyphens and underscores, such as com.example.Sensor',
    );
  }
  return name;
}

function versionOf(place: RecipePlace, { version: filled }: GdkComponent): string {
  const placeholder = placeholderOf('version', place.value);
  const version = placeholder === undefined ? (place.text() ?? '') : (filled ?? '');
  if (placeholder !== undefined && filled === undefined) unfilled(place, placeholder);
  else if (!isComponentVersion(version)) {
    place.error(
      place.isMissing ? 'ComponentVersion is missing' : `${JSON.stringify(version)} is not a semantic version`,
      'Write major.minor.patch, such as 1.0.0',
    );
  }
  return version;
}

/** Who published it is a text to a nucleus, whatever it says; a placeholder without quotes is a map, which no nucleus takes. */
function publisherOf(place: RecipePlace, { name: filled }: GdkComponent): unknown {
  const placeholder = placeholderOf('author', place.value);
  if (placeholder === undefined || typeof place.value === 'string') return place.value;
  if (filled === undefined) unfilled(place, placeholder);
  return placeholder;
}
