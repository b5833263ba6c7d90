import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { archiveOf, gdkFiles } from '../../dry-run/recipe.js';
import { type RecipeDocument, recipeText } from '../../recipe/recipe-format.js';
import { COMPONENT_NAME_RULE, isComponentName } from '../../shared/component-identity.js';
import type { Profile } from '../../shared/profile.js';
import { CliError, UsageError } from '../cli-error.js';
import { type Cli, PACKAGE_FOLDER } from '../cli.js';
import { type TemplateName, TEMPLATES } from './templates.js';

/** What `init` was told. */
export interface InitOptions {
  readonly name?: string;
  readonly template: TemplateName;
  readonly profile: Profile;
  readonly bucket: string;
  readonly region: string;
  readonly eslint?: boolean;
  readonly package?: string;
}

/** What may be in a folder that counts as empty. */
const NOT_OURS = ['.git', '.DS_Store'];

/** What each file is for, in a few words. */
const PURPOSES: Readonly<Record<string, string>> = {
  'src/component.ts': 'the component',
  'src/inbox.ts': 'the folder that it reads',
  'sample.ndjson': 'a file that `npm start` puts into that folder',
  'test/component.test.ts': 'its tests, in marbles',
  'world.yaml': 'what goes on around it while it runs at home',
  'recipe.yaml': 'its recipe, derived from the code',
  'gdk-config.json': 'builds and publishes it with the Greengrass Development Kit',
};

/** Writes a new project into a folder that is empty or not there. Overwrites nothing. */
export async function runInit(cli: Cli, folder: string, options: InitOptions): Promise<void> {
  const root = resolve(folder);
  const names = projectNames(root, options.name);
  await checkEmpty(root, folder);
  const { template, profile, bucket, region, eslint = true } = options;
  const packageSpecifier = options.package === undefined ? undefined : await fileSpecifier(root, options.package);
  const files = projectFiles(names, { template, profile, bucket, region, eslint, packageSpecifier });
  for (const { path, text, executable } of files) await writeNew(join(root, path), text, executable === true);

  const { out } = cli;
  out.line(`Wrote ${names.componentName} to ${folder}:`);
  out.line('');
  const told = files.filter(({ path }) => path in PURPOSES);
  const width = Math.max(...told.map(({ path }) => path.length));
  for (const { path } of told) out.line(`  ${path.padEnd(width)}  ${out.style('dim', PURPOSES[path] ?? '')}`);
  out.line('');
  out.line('Next:');
  out.line('');
  const steps = [...(root === process.cwd() ? [] : [`cd ${folder}`]), 'npm install', 'npm start', 'npm test'];
  for (const step of steps) out.line(`  ${step}`);
  const { node } = TEMPLATES[template];
  if (node === undefined || isBuiltin('node:sqlite')) return;
  out.line('');
  out.line(`It needs Node 22.13 or newer, and this is Node ${process.versions.node}.`);
}

async function checkEmpty(root: string, folder: string): Promise<void> {
  const there = await readdir(root).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new UsageError(`${folder} is a file.`, 'Name a folder that is empty or not there yet.');
    throw notWritten(root, error);
  });
  const others = there.filter(name => !NOT_OURS.includes(name));
  if (others.length === 0) return;
  const some = others.length > 3 ? `${others.slice(0, 3).join(', ')} and ${others.length - 3} more` : others.join(', ');
  throw new UsageError(`The folder ${folder} is not empty: there is ${some}.`, 'Name a folder that is empty or not there yet.');
}

/** How package.json names a tarball or a folder. */
async function fileSpecifier(root: string, path: string): Promise<string> {
  const target = resolve(path);
  await stat(target).catch(() => {
    throw new UsageError(`There is no ${path}.`, 'Give --package a tarball or a folder of greengrass-rx.');
  });
  return `file:${relative(root, target)}`;
}

/** Writes a file that is not there. */
async function writeNew(path: string, text: string, executable: boolean): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx', mode: executable ? 0o755 : 0o644 });
  } catch (error) {
    throw notWritten(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'it cannot be written to',
  ENOSPC: 'there is no space left',
  EEXIST: 'it is there already, and nothing is overwritten',
  ENOTDIR: 'a part of its path is a file',
};

function notWritten(path: string, cause: unknown): CliError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new CliError(`${path} could not be written: ${REASONS[code] ?? message}.`, {
    cause,
    remedies: ['Name another folder; what was written before is still there.'],
  });
}

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

/** A folder for what all projects have, and one for each template, which is itself checked and tested. */
const FOLDER = fileURLToPath(new URL('template/', PACKAGE_FOLDER));
/** The names that stand in them. */
const TEMPLATE_NAMES = /com\.example\.MyComponent|MyComponent|my-component/g;

/** All files of a new project, in the order they are told of. */
export function projectFiles(names: ProjectNames, options: ProjectOptions): readonly NewFile[] {
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

/** What a new project is called. */
interface ProjectNames {
  /** The name in package.json. */
  readonly packageName: string;
  /** The component's name, such as `com.example.MyComponent`. */
  readonly componentName: string;
}

/** Names for a project in this folder: `my-component` becomes `com.example.MyComponent`, unless another name is given. */
export function projectNames(folder: string, componentName: string | undefined): ProjectNames {
  const words = basename(folder)
    .split(/[^A-Za-z0-9]+/)
    .filter(word => word !== '');
  if (words.length === 0)
    throw new UsageError(`No name can be made of the folder ${folder}.`, 'Name it with letters or digits, such as my-component.');
  const name = componentName ?? `com.example.${words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`;
  if (!isComponentName(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no name of a component. ${COMPONENT_NAME_RULE}`,
      'Give one with --name com.example.MyComponent.',
    );
  }
  return { packageName: words.join('-').toLowerCase(), componentName: name };
}
