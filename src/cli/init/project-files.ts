import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { gdkFiles } from '../../dry-run/gdk-files.js';
import { archiveOf } from '../../dry-run/recipe.js';
import type { RecipeDocument } from '../../recipe/recipe-format.js';
import { recipeText } from '../../recipe/recipe-format.js';
import { COMPILER_FILES, projectManifest, type ManifestOptions } from './project-manifest.js';
import type { ProjectNames } from './project-names.js';

/** A file of a new project. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean | undefined;
}

/** What a new project is to be. */
export interface ProjectOptions extends ManifestOptions {
  readonly bucket: string;
  readonly region: string;
}

const TEMPLATE = new URL('../../../template/', import.meta.url);
/** The names that stand in the template, which is itself checked and tested. */
const TEMPLATE_NAMES = /com\.example\.MyComponent|MyComponent|my-component/g;

/** All files of a new project, in the order they are told of. */
export function projectFiles(names: ProjectNames, options: ProjectOptions): readonly NewFile[] {
  const { componentName } = names;
  const named = (text: string): string =>
    text.replace(TEMPLATE_NAMES, word =>
      word === 'my-component' ? names.packageName : word === 'MyComponent' ? archiveOf(componentName) : componentName,
    );
  const template = (path: string, from = path): NewFile => ({ path, text: named(readTemplate(from)) });
  const recipe: unknown = JSON.parse(named(JSON.stringify(parse(readTemplate('recipe.yaml')))));
  const { bucket, region } = options;
  return [
    template('src/component.ts'),
    template('test/component.test.ts'),
    template('world.yaml'),
    // Written anew: a name such as `1.0` needs quotes, which that of the template does not.
    { path: 'recipe.yaml', text: recipeText(recipe as RecipeDocument, 'yaml') },
    ...gdkFiles({ name: componentName, version: '1.0.0', publisher: undefined }, { bucket, region }),
    { path: 'package.json', text: projectManifest(names, options) },
    ...COMPILER_FILES.map(([path, text]) => ({ path, text })),
    // Under that name ESLint would take it for the configuration of the template.
    ...(options.eslint ? [template('eslint.config.js', 'eslint-config.js')] : []),
    // npm packs no file of that name.
    template('.gitignore', 'gitignore'),
    template('README.md'),
  ];
}

function readTemplate(path: string): string {
  return readFileSync(new URL(path, TEMPLATE), 'utf8');
}
