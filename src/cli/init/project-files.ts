import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { archiveOf, gdkFiles } from '../../dry-run/recipe.js';
import { type RecipeDocument, recipeText } from '../../recipe/recipe-format.js';
import type { Profile } from '../../shared/profile.js';
import { PACKAGE_FOLDER } from '../cli.js';
import { type TemplateName, TEMPLATES } from './templates.js';

/** A file of a new project. */
interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean | undefined;
}

/** What a new project is to be. */
interface ProjectOptions extends ManifestOptions {
  readonly bucket: string;
  readonly region: string;
}

/** What a new project is called. */
export interface ProjectNames {
  /** The name in package.json. */
  readonly packageName: string;
  /** The component's name, such as `com.example.MyComponent`. */
  readonly componentName: string;
}

/** A folder for what all projects have, and one for each template, which is itself checked and tested. */
const FOLDER = fileURLToPath(new URL('template/', PACKAGE_FOLDER));
/** The names that stand in them. */
const TEMPLATE_NAMES = /com\.example\.MyComponent|MyComponent|my-component/g;

/** All files of a new project, in the order they are told of. */
export function newProjectFiles(names: ProjectNames, options: ProjectOptions): readonly NewFile[] {
  const { componentName } = names;
  const named = (text: string): string =>
    text.replace(TEMPLATE_NAMES, word =>
      word === 'my-component' ? names.packageName : word === 'MyComponent' ? archiveOf(componentName) : componentName,
    );
  const common = (path: string, from = path): NewFile => ({ path, text: named(read('common', from)) });
  const { bucket, region, template } = options;
  const { about, talk } = TEMPLATES[template];
  const own = filesBelow(template).map((path): NewFile => ({ path, text: named(read(template, path)) }));
  const recipe: unknown = JSON.parse(named(JSON.stringify(parse(read(template, 'recipe.yaml')))));
  const readme = read('common', 'README.md').replace(/\{(about|talk)\}/g, (_, word) => (word === 'about' ? about : talk.join('\n')));
  return [
    ...own.filter(({ path }) => path !== 'recipe.yaml'),
    // Written anew: a name such as `1.0` needs quotes, which that of the template does not.
    { path: 'recipe.yaml', text: recipeText(recipe as RecipeDocument, 'yaml') },
    ...gdkFiles({ name: componentName, version: '1.0.0', publisher: undefined }, { bucket, region }),
    { path: 'package.json', text: projectManifest(names, options) },
    ...COMPILER_FILES.map(([path, text]) => ({ path, text })),
    // Under that name ESLint would take it for the configuration of the template.
    ...(options.eslint ? [common('eslint.config.js', 'eslint-config.js')] : []),
    // npm packs no file of that name.
    common('.gitignore', 'gitignore'),
    { path: 'README.md', text: named(readme) },
  ];
}

function read(folder: TemplateName | 'common', path: string): string {
  return readFileSync(join(FOLDER, folder, path), 'utf8');
}

/** The paths of a template's files, with slashes on every system, the component first. */
function filesBelow(template: TemplateName): readonly string[] {
  const root = join(FOLDER, template);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort((a, b) => Number(b.startsWith('src')) - Number(a.startsWith('src')) || (a < b ? -1 : 1));
}

/** What package.json depends on, beside the names. */
interface ManifestOptions {
  readonly template: TemplateName;
  readonly profile: Profile;
  readonly eslint: boolean;
  /** What stands in package.json for greengrass-rx where it is not the version of the registry. */
  readonly packageSpecifier: string | undefined;
}

interface OwnManifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const LIBRARIES = ['fp-ts', 'io-ts', 'rxjs'];
const TOOLS = ['@types/node', 'rolldown', 'typescript', 'vitest'];
const LINTERS = ['eslint', 'typescript-eslint'];

/** package.json of a new project. The versions are those that this version of greengrass-rx was tested with. */
function projectManifest({ packageName }: ProjectNames, { template, profile, eslint, packageSpecifier }: ManifestOptions): string {
  const own = JSON.parse(readFileSync(new URL('package.json', PACKAGE_FOLDER), 'utf8')) as OwnManifest;
  const tested = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map(name => [name, own.devDependencies[name] ?? '*']));
  const dev = `greengrass-rx dev --recipe recipe.yaml${profile === 'classic' ? '' : ` --profile ${profile}`}`;
  const manifest = {
    name: packageName,
    version: '1.0.0',
    private: true,
    type: 'module',
    engines: { node: TEMPLATES[template].node ?? '>=20.19' },
    scripts: {
      ...TEMPLATES[template].scripts,
      compile: 'tsc -p tsconfig.build.json',
      build: 'npm run compile && greengrass-rx build dist/component.js',
      start: `npm run compile && ${dev} --chaos world.yaml -- greengrass-rx run dist/component.js`,
      // cmd.exe, which npm runs them with on Windows, knows no other quotes.
      dev: `${dev} --compile "tsc -p tsconfig.build.json --watch --preserveWatchOutput" -- greengrass-rx run dist/component.js`,
      test: 'vitest run',
      typecheck: 'tsc',
      ...(eslint ? { lint: 'eslint .' } : {}),
      recipe: 'npm run compile && greengrass-rx recipe dist/component.js --out recipe.yaml',
      'recipe:check': 'npm run compile && greengrass-rx recipe dist/component.js --check recipe.yaml',
      diagram: 'npm run compile && greengrass-rx diagram dist/component.js --out diagram.svg',
    },
    dependencies: { ...tested(LIBRARIES), 'greengrass-rx': packageSpecifier ?? `^${own.version}` },
    devDependencies: tested(eslint ? [...TOOLS, ...LINTERS].sort() : TOOLS),
    // It comes with its binaries; npm asks at each install what to do about a script that nobody has decided on.
    allowScripts: { 'aws-crt': false },
  };
  return json(manifest);
}

/** tsconfig.json, which checks everything, and tsconfig.build.json, which compiles what runs on a device. */
const COMPILER_FILES: readonly (readonly [path: string, text: string])[] = [
  [
    'tsconfig.json',
    json({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        // The declarations of vitest need those of a browser.
        skipLibCheck: true,
        noEmit: true,
      },
      include: ['src', 'test'],
    }),
  ],
  [
    'tsconfig.build.json',
    json({
      extends: './tsconfig.json',
      compilerOptions: { noEmit: false, rootDir: 'src', outDir: 'dist', sourceMap: true },
      include: ['src'],
    }),
  ],
];

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
