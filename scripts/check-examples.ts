/**
 * Runs what the documentation shows: every `ts` fence of README.md, of docs/ and of the doc comments in src, type-checked
 * and then run under plain Node against the packed package, each as a process of its own with the environment that
 * Greengrass would give it, and a local nucleus of its own at the other end of it.
 *
 * `npm run check:examples -- src/flow docs/guide.md` takes only the files whose path begins so.
 */
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileExamples } from './compile-examples.js';
import { type DocExample, examplesOf } from './doc-examples.js';
import { inTemporaryFolder, makeConsumer, packInto, ROOT } from './packed-package.js';
import { failureOf, runProcess } from './run-process.js';

const TIME_LIMIT = 300_000;
/** Programs that run at once. With more, a small machine would be too slow for the programs' own time limits. */
const AT_ONCE = 2;

const COMPONENT = 'com.example.Docs';
const ACCESS_CONTROL = {
  'aws.greengrass.ipc.mqttproxy': {
    [`${COMPONENT}:mqttproxy:1`]: { policyDescription: 'The examples may use any topic.', operations: ['*'], resources: ['*'] },
  },
  'aws.greengrass.ipc.pubsub': {
    [`${COMPONENT}:pubsub:1`]: { policyDescription: 'And any local one.', operations: ['*'], resources: ['*'] },
  },
};

/** As much of `greengrass-rx/local` as is needed here. It is taken from the package under test, not from this repository. */
interface Local {
  readonly startLocalNucleus: (options: {
    readonly profile: 'classic';
    readonly shadows: boolean;
    readonly components: readonly { readonly name: string; readonly accessControl: typeof ACCESS_CONTROL }[];
  }) => Promise<{ readonly socketPath: string; readonly authToken: (name: string) => string; readonly stop: () => Promise<void> }>;
}

/** Why the program failed, or `undefined`. */
async function runExample(folder: string, file: string, local: Local): Promise<string | undefined> {
  const nucleus = await local.startLocalNucleus({
    profile: 'classic',
    shadows: true,
    components: [{ name: COMPONENT, accessControl: ACCESS_CONTROL }],
  });
  try {
    const env = {
      PATH: process.env['PATH'],
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath,
      SVCUID: nucleus.authToken(COMPONENT),
      AWS_IOT_THING_NAME: 'docs-core',
      AWS_REGION: 'eu-west-1',
    };
    return failureOf(await runProcess(process.execPath, [file], { cwd: folder, env, timeLimit: TIME_LIMIT }), TIME_LIMIT);
  } finally {
    await nucleus.stop();
  }
}

/** README.md and every file of docs and src that can hold an example and begins with one of the prefixes, if there are any. */
async function documentedFiles(prefixes: readonly string[]): Promise<readonly string[]> {
  const there = await readdir(ROOT);
  const within = async (folder: string, extension: string): Promise<readonly string[]> =>
    there.includes(folder)
      ? (await readdir(join(ROOT, folder), { recursive: true })).filter(name => name.endsWith(extension)).map(name => `${folder}/${name}`)
      : [];
  const files = [...there.filter(name => name === 'README.md'), ...(await within('docs', '.md')), ...(await within('src', '.ts'))];
  return files.filter(file => prefixes.length === 0 || prefixes.some(prefix => file.startsWith(prefix))).sort();
}

async function checkExamples(folder: string, examples: readonly DocExample[]): Promise<readonly string[]> {
  await makeConsumer(folder, await packInto(folder));
  // For examples of tests and of other formats, which are type-checked only.
  for (const name of ['vitest', 'cborg', '@opentelemetry'])
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  const named = examples.map((example, i) => ({ ...example, name: `example-${i}` }));
  for (const { name, program } of named) await writeFile(join(folder, `${name}.mts`), program);
  const problems = compileExamples(
    folder,
    named.map(({ name }) => `${name}.mts`),
    join(ROOT, 'node_modules/@types'),
  );
  const failures = named.flatMap(({ name, place }) =>
    (problems.get(`${name}.mts`) ?? []).map(problem => `${place} does not type-check: ${problem}`),
  );

  const local = (await import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve('greengrass-rx/local')).href)) as Local;
  const waiting = named.filter(({ name, runs }) => runs && !problems.has(`${name}.mts`));
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const failure = await runExample(folder, `${next.name}.mjs`, local);
      if (failure !== undefined) failures.push(`${next.place} ${failure}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

const files = await documentedFiles(process.argv.slice(2));
const found = await Promise.all(files.map(file => examplesOf(ROOT, file)));
const examples = found.flatMap(each => each.examples);
const failures = found.flatMap(each => each.complaints);
if (examples.length > 0) await inTemporaryFolder(async folder => void failures.push(...(await checkExamples(folder, examples))));

for (const failure of failures) console.log(`FAIL  ${failure}\n`);
const unrun = examples.filter(({ runs }) => !runs).length;
console.log(`${examples.length} examples in ${files.length} files, ${unrun} of them type-checked only`);
const places = new Set(failures.map(failure => failure.slice(0, failure.indexOf(' '))));
console.log(`\nexamples: ${examples.filter(({ place }) => !places.has(place)).length} passed, ${places.size} failed`);
if (places.size > 0) process.exitCode = 1;
