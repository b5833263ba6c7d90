/**
 * Packs what would be published, and looks at it as its users will: the linters for packages, and then empty projects
 * that install it. Type checks and tests do not see what this sees: a file left out of the tarball, an import that plain
 * Node cannot resolve, an entry that `require` cannot load, a program that does not end.
 */
import { copyFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyProgram, inTemporaryFolder, makeConsumer, packInto, ROOT } from './packed-package.js';
import { failureOf, runProcess } from './run-process.js';

const TIME_LIMIT = 300_000;
const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);

let passed = 0;
let failed = 0;

/** One check; a failure is told and does not keep the others from running. */
async function check(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  try {
    await work();
    passed++;
    console.log(`ok    ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${what}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Runs a command that must end with 0 by itself. Gives what it printed. */
async function run(cwd: string, command: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const outcome = await runProcess(command, args, { cwd, timeLimit: TIME_LIMIT });
  const failure = failureOf(outcome, TIME_LIMIT);
  if (failure !== undefined) throw new Error(`${command} ${args.join(' ')} ${failure}`);
  return outcome;
}

/** aws-crt announces at its first native object that it will want a newer Node. */
const QUIET = '--disable-warning=NodeDeprecationWarning';

/** A program of test/package, under plain Node in the consumer's folder. It may not warn. */
async function program(folder: string, name: string, ...args: readonly string[]): Promise<string> {
  await copyProgram(name, folder);
  const { stdout, stderr } = await run(folder, process.execPath, [QUIET, name, ...args]);
  if (stderr !== '') throw new Error(`${name} wrote to stderr:\n${stderr}`);
  return stdout;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest;
}

/** What single entries need; who uses such an entry has it. */
async function optionalPeers(): Promise<readonly string[]> {
  const { devDependencies } = await manifest();
  return ['eslint', '@opentelemetry/api'].map(name => `${name}@${devDependencies[name] ?? 'latest'}`);
}

/**
 * What `npm install --omit=optional` installs: this package, the libraries that it shares with the component, and what reads command lines.
 */
const ON_A_DEVICE = 'commander fp-ts greengrass-rx io-ts rxjs tslib';

/** The entry that a test framework loads, and nobody else can: it has a check of its own. */
const RUNS_IN_VITEST = './testing/vitest';

async function entries(): Promise<readonly string[]> {
  const { name, exports } = await manifest();
  return Object.keys(exports)
    .filter(entry => entry !== './package.json' && entry !== RUNS_IN_VITEST)
    .map(entry => name + entry.slice(1));
}

/** The declarations as a strict consumer's compiler sees them, with those of every dependency: from a module of either format. */
async function typeCheck(folder: string): Promise<void> {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  const imports = (await entries()).map((entry, i) => `import * as entry${i} from '${entry}';\nexport { entry${i} };\n`).join('');
  const files = ['types.mts', 'types.cts'];
  for (const file of files) await writeFile(join(folder, file), imports);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  await run(folder, bin('tsc'), ['-p', '.']);
}

/** What GitHub, and npm after it, make the place of a heading out of. */
function anchorsOf(markdown: string): readonly string[] {
  return Array.from(markdown.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/**
 * npm's page leads relative links to the repository, and shows no picture but those that the repository's host serves as one: an SVG it
 * serves as text. What a link leads to is in the package, too, since that is all that some readers have.
 */
async function readmeLinks(tarball: string): Promise<void> {
  const { stdout } = await run(ROOT, 'tar', ['-tzf', tarball]);
  const packed = new Set(stdout.split('\n').map(path => path.replace(/^package\//, '')));
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const text = readme.replaceAll(/^```.*?^```$/gms, '');
  const found = text.matchAll(/(?<picture>!)?\[[^\]]*\]\((?<link>[^)\s]+)\)|<(?<tag>a|img)\b[^>]*?\b(?:href|src)="(?<target>[^"]+)"/g);
  const problems: string[] = [];
  for (const { groups: { picture, tag, link, target = link ?? '' } = {} } of found) {
    if (target.startsWith('https://')) continue;
    const [path = '', anchor] = target.split('#', 2);
    if ((picture !== undefined || tag === 'img') && !/\.(?:png|jpe?g|gif)$/.test(path))
      problems.push(`${target}: npm shows no such picture`);
    if (path !== '' && !packed.has(path)) problems.push(`${target}: not in the package`);
    else if (anchor !== undefined) {
      const page = path === '' ? readme : await readFile(join(ROOT, path), 'utf8');
      if (!anchorsOf(page).includes(anchor)) problems.push(`${target}: there is no such heading`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** Declarations of vitest itself need those of a browser. */
const MARBLE_TEST_OPTIONS = [
  ...['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--skipLibCheck', '--ignoreConfig'],
  ...['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')],
];

await inTemporaryFolder(async folder => {
  const tarball = await packInto(folder);

  await check('publint', () => run(ROOT, bin('publint'), ['run', tarball, '--strict']));
  // The ignored rule takes no notice of require(esm), which the oldest Node we support has; the programs below show that it works.
  await check('are the types wrong', () =>
    run(ROOT, bin('attw'), [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm']),
  );

  await check('npm shows each link and picture of README.md', () => readmeLinks(tarball));

  const whole = join(folder, 'whole');
  await check('installs into an empty project', async () => makeConsumer(whole, tarball, ...(await optionalPeers())));
  let names = '';
  await check('every entry imports', async () => {
    names = await program(whole, 'import-entries.mjs', ...(await entries()));
  });
  await check('every entry can be required, and gives the same names', async () => {
    const required = await program(whole, 'require-entries.cjs', ...(await entries()));
    if (required !== names) throw new Error(`import gives\n${names}\nrequire gives\n${required}`);
  });
  await check('shares rxjs and fp-ts with the program that requires it', () => program(whole, 'shared-instances.cjs'));
  await check('declarations, for ES modules and CommonJS', () => typeCheck(whole));
  await check('a marble test runs in vitest, and type-checks', async () => {
    await symlink(join(ROOT, 'node_modules/vitest'), join(whole, 'node_modules/vitest'));
    const name = 'vitest.test.ts';
    await copyFile(join(ROOT, 'examples/testing', name), join(whole, name));
    await run(whole, bin('tsc'), [...MARBLE_TEST_OPTIONS, name]);
    await run(whole, bin('vitest'), ['run', '--root', '.', name]);
  });
  await check('a marble test runs in node:test', async () => {
    const name = 'node-test.mjs';
    await copyFile(join(ROOT, 'examples/testing', name), join(whole, name));
    await run(whole, process.execPath, ['--test', name]);
  });
  await check('the command line runs', async () => {
    const { stdout } = await run(whole, 'npx', ['--no', '--', 'greengrass-rx', '--version']);
    const { version } = await manifest();
    if (stdout.trim() !== version) throw new Error(`--version printed ${stdout}`);
  });
  await check('a message goes round, socket and crt', () => program(whole, 'round-trip.mjs', 'socket', 'crt'));

  const lean = join(folder, 'without-optional');
  await check('installs into an empty project without optional dependencies', async () => {
    await makeConsumer(lean, tarball, '--omit=optional');
    const installed = (await readdir(join(lean, 'node_modules'))).filter(name => !name.startsWith('.')).join(' ');
    if (installed !== ON_A_DEVICE) throw new Error(`installed are ${installed}`);
  });
  await check('a component runs there', () =>
    program(lean, 'on-a-device.mjs', join(whole, 'node_modules/greengrass-rx/dist/local/index.js')),
  );
  await check('asking for crt there is a typed error', () => program(lean, 'native-unavailable.mjs'));

  await rm(join(whole, 'node_modules/aws-crt'), { recursive: true });
  await check('every entry imports without aws-crt', async () => {
    const imported = await program(whole, 'import-entries.mjs', ...(await entries()));
    if (imported !== names) throw new Error(`with aws-crt\n${names}\nwithout\n${imported}`);
  });
  await check('a message goes round without aws-crt', () => program(whole, 'round-trip.mjs', 'socket'));
});

console.log(`\npackage: ${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
