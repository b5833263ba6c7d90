import { readFile } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import { isComponentName, isComponentVersion } from '../shared/component-identity.js';
import type { Recipe, RecipeManifest } from './recipe.js';
import { RecipeInvalid, RecipeUnreadable } from './recipe-invalid.js';
import { manifestLifecycle } from './recipe-lifecycle.js';
import { RecipePlace, isMap } from './recipe-place.js';
import { RecipeText } from './recipe-text.js';

const FORMAT_VERSION = '2020-01-25';
const MEMBERS = [
  'RecipeFormatVersion',
  'ComponentName',
  'ComponentVersion',
  'ComponentDescription',
  'ComponentPublisher',
  'ComponentType',
  'ComponentSource',
  'ComponentConfiguration',
  'ComponentDependencies',
  'Manifests',
  'Lifecycle',
];
/**
 * Reads a component's recipe, JSON or YAML, as a device reads it: names in any case, unknown ones left out (and named in
 * `warnings`), of two equal names the last.
 *
 * A Left names everything that is wrong, with line, column and remedy. The `accessControl` is only found, not judged: each profile
 * judges it otherwise; see `lintPolicies`.
 *
 * @param text - The recipe's text.
 * @param source - What to call it in messages, such as its path.
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
 *   - Platform: { os: linux }
 *     Lifecycle: { run: 'node {artifacts:path}/sensor.js' }
 * `);
 * if (recipe._tag === 'Right') console.log(recipe.right.componentName, recipe.right.manifests[0]?.lifecycle.steps.run?.script);
 * ```
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference".
 */
export function readRecipe(text: string, source = 'the recipe'): E.Either<RecipeInvalid, Recipe> {
  const read = new RecipeText(text);
  const recipe = read.errors.length === 0 ? toRecipe(new RecipePlace(read, read.value, []), read) : undefined;
  return recipe === undefined || read.errors.length > 0 ? E.left(new RecipeInvalid(source, read.errors)) : E.right(recipe);
}

/**
 * Reads a recipe's file: `readRecipe` of what is in it.
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
      () => readFile(path, 'utf8'),
      (cause): RecipeUnreadable | RecipeInvalid => new RecipeUnreadable(path, cause),
    ),
    TE.flatMapEither(text => readRecipe(text, path)),
  );
}

function toRecipe(root: RecipePlace, read: RecipeText): Recipe | undefined {
  if (!isMap(root.value)) {
    root.error('a recipe is a map', `Begin with RecipeFormatVersion: '${FORMAT_VERSION}'`);
    return undefined;
  }
  for (const [name, place] of root.members()) {
    if (MEMBERS.some(known => known.toLowerCase() === name.toLowerCase())) continue;
    place.warning(`a recipe has no member ${name}; a device leaves it out`, `The members are ${MEMBERS.join(', ')}`);
  }
  const format = root.member('RecipeFormatVersion');
  if (format.text() !== FORMAT_VERSION) {
    format.error(`RecipeFormatVersion must be '${FORMAT_VERSION}'`, `Write RecipeFormatVersion: '${FORMAT_VERSION}'`);
  }
  const configuration = root.member('ComponentConfiguration').member('DefaultConfiguration');
  configuration.members();
  const manifests = root.member('Manifests');
  if (manifests.isMissing) {
    manifests.warning(
      'there are no Manifests, so that no device can use this recipe',
      'Add one with the Lifecycle that runs the component',
    );
  }
  return {
    componentName: nameOf(root.member('ComponentName')),
    componentVersion: versionOf(root.member('ComponentVersion')),
    defaultConfiguration: isMap(configuration.value) ? configuration.value : {},
    accessControl: configuration.member('accessControl').value,
    dependencies: root
      .member('ComponentDependencies')
      .members()
      .map(([name]) => name),
    manifests: readManifests(manifests, root.member('Lifecycle')),
    warnings: read.warnings,
  };
}

function readManifests(place: RecipePlace, global: RecipePlace): readonly RecipeManifest[] {
  const items = place.items();
  const selections = items.flatMap(item => item.member('Selections').items()).flatMap(selection => selection.text() ?? []);
  const keys = new Set([...selections, 'all']);
  return items.map(item => {
    if (!isMap(item.value)) item.error('a manifest is a map', 'Write Platform, Lifecycle, Artifacts');
    return {
      name: item.member('Name').text(),
      platform: Object.fromEntries(
        item
          .member('Platform')
          .members()
          .map(([name, { value }]) => [name, value]),
      ),
      lifecycle: manifestLifecycle(item, global, keys),
      artifacts: item
        .member('Artifacts')
        .items()
        .flatMap(artifact => {
          const uri = artifact.member('URI').text();
          if (uri === undefined) artifact.error('an artifact needs its Uri', 'Such as Uri: s3://bucket/component.zip');
          return uri === undefined ? [] : [{ uri, unarchive: artifact.member('Unarchive').text() ?? 'NONE' }];
        }),
    };
  });
}

function nameOf(place: RecipePlace): string {
  const name = place.text() ?? '';
  if (!isComponentName(name)) {
    place.error(
      place.isMissing ? 'ComponentName is missing' : `${JSON.stringify(name)} cannot be a component's name`,
      'Give 1 to 128 letters, digits, dots, hyphens and underscores, such as com.example.Sensor',
    );
  }
  return name;
}

function versionOf(place: RecipePlace): string {
  const version = place.text() ?? '';
  if (!isComponentVersion(version)) {
    place.error(
      place.isMissing ? 'ComponentVersion is missing' : `${JSON.stringify(version)} is not a semantic version`,
      'Write major.minor.patch, such as 1.0.0',
    );
  }
  return version;
}
