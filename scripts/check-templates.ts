/**
 * Checks what the tutorial does not show: every project that `init` can write works as it stands. It compiles, passes the linter and its
 * tests, and fits its recipe; run on either nucleus, with its simulated world around it, it reaches RUNNING, its messages flow, and it ends
 * as it should.
 */
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeWithSqlite } from './node-binary.js';
import { ROOT } from './packed-package.js';
import { failureOf, runProcess } from './run-process.js';

const TIME_LIMIT = 300_000;

/** What has to be in the log of `dev`, by template: the first and the last thing that its simulated world brings about. */
const FLOWS: Readonly<Record<string, readonly RegExp[]>> = {
  starter: [/"published".*"summaries\/oven".*"mean":182/, /"published".*"summaries\/yard".*"n":2/],
  bridge: [/"published".*"bridge\/summaries".*"of":"yard\/celsius","n":1/, /"published".*"bridge\/summaries".*"of":"oven\/percent"/],
  commander: [
    /"published".*"answers\/1".*"on":true/,
    /"published".*"\$aws\/things\/local-thing\/shadow\/name\/heater\/update".*"reported":\{"celsius":75\}/,
  ],
  gateway: [/"published".*"gateway\/lines".*\{"n":1\}/, /"published".*"gateway\/lines".*\{"n":20\}/],
};

/**
 * Gives a project what another has installed. The folder is its own, with links in it: vitest writes there how long its files took, and
 * reads that before the next run.
 */
async function linkModules(project: string, modules: string): Promise<void> {
  const own = join(project, 'node_modules');
  await mkdir(own);
  const installed = (await readdir(modules)).filter(name => name === '.bin' || !name.startsWith('.'));
  for (const name of installed) await symlink(join(modules, name), join(own, name));
}

/** Makes its projects in this folder, of which nobody else knows, with the dependencies that another project has installed. */
export async function checkTemplates(folder: string, modules: string): Promise<void> {
  // The gateway needs node:sqlite.
  const node = dirname(nodeWithSqlite());
  const run = async (cwd: string, command: string, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, PATH: `${node}:${process.env['PATH'] ?? ''}`, XDG_RUNTIME_DIR: folder, NO_COLOR: '1' };
    const outcome = await runProcess(command, args, { cwd, env, timeLimit: TIME_LIMIT });
    const failure = failureOf(outcome, TIME_LIMIT);
    if (failure !== undefined) throw new Error(`${command} ${args.join(' ')}, in ${cwd}: ${failure}`);
    return outcome.stdout;
  };
  const templates = (await readdir(join(ROOT, 'template'))).filter(name => name !== 'common');
  for (const template of templates) {
    const started = performance.now();
    const flows = FLOWS[template];
    if (flows === undefined) throw new Error(`template ${template}: FLOWS of check-templates.ts does not say what its log has`);
    const project = join(folder, template);
    // With a name that the user chooses, as most projects have, and with the other profile.
    await run(
      folder,
      'npx',
      '--no',
      'greengrass-rx',
      'init',
      template,
      '--template',
      template,
      '--name',
      'com.acme.OvenWatch',
      '--profile',
      'lite',
    );
    await linkModules(project, modules);
    for (const script of ['typecheck', 'lint', 'test']) await run(project, 'npm', 'run', '--silent', script);
    const dev = [
      'greengrass-rx',
      'dev',
      '--recipe',
      'recipe.yaml',
      '--chaos',
      'world.yaml',
      '--',
      'greengrass-rx',
      'run',
      'dist/component.js',
    ];
    const onLite = await run(project, 'npm', 'start');
    // What `npm run recipe:check` does when it has compiled the component, as `npm start` has just done.
    await run(project, 'npx', 'greengrass-rx', 'recipe', 'dist/component.js', '--check', 'recipe.yaml');
    for (const log of [onLite, await startOnClassic()]) {
      const missing = [/"stateReported".*"RUNNING"/, ...flows, /"exited".*"code":0/].filter(flow => !flow.test(log));
      if (missing.length > 0) throw new Error(`template ${template}: ${missing.join(', ')} is not in\n${log}`);
    }
    console.log(`ok    the template ${template}, on both nuclei (${((performance.now() - started) / 1000).toFixed(1)} s)`);

    async function startOnClassic(): Promise<string> {
      if (template === 'gateway') await run(project, 'npm', 'run', '--silent', 'prestart');
      return run(project, 'npx', ...dev);
    }
  }
}
