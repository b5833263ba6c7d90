import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { COMPONENT_NAME_RULE, isComponentName } from '../../shared/component-identity.js';
import type { Profile } from '../../shared/profile.js';
import { CliError, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { newProjectFiles, type ProjectNames } from './project-files.js';
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
  const files = newProjectFiles(names, { template, profile, bucket, region, eslint, packageSpecifier });
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

/** Names for a project in this folder: `my-component` becomes `com.example.MyComponent`, unless another name is given. */
function projectNames(folder: string, componentName: string | undefined): ProjectNames {
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
