/**
 * A newcomer's hour: does what docs/tutorial.md, and docs/offline.md after it, say, word for word, in an empty folder and against the
 * packed package, and compares what is printed with what is shown. With it goes the promise of README.md: its commands are the tutorial's.
 *
 * Two things are not as for a newcomer, since the version under test is not in the registry: `npx` finds it in a folder above, and
 * package.json is given the tarball.
 *
 * `npm run check:tutorial -- --show` prints what the commands print instead of comparing it, to write the tutorial by.
 */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkTemplates } from './check-templates.js';
import { nodeWithSqlite } from './node-binary.js';
import { inTemporaryFolder, packInto, ROOT } from './packed-package.js';
import { runProcess } from './run-process.js';
import { HAS_TERMINAL, Terminal } from './terminal.js';
import { commandsIn, comparable, difference, edited, tutorialSteps, type TutorialStep } from './tutorial-steps.js';

const SHOW = process.argv.includes('--show');
const COLUMNS = 100;
/** Ends what hangs. It is long, because everything takes several times as long on a busy machine. */
const TIME_LIMIT = SHOW ? 30_000 : 300_000;

/** Puts the packed package where `npx` finds it below this folder. */
async function provide(folder: string, tarball: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  await runProcess('tar', ['-xzf', tarball, '-C', modules], { cwd: folder, timeLimit: TIME_LIMIT });
  await runProcess('mv', ['package', 'greengrass-rx'], { cwd: modules, timeLimit: TIME_LIMIT });
  await symlink(join(ROOT, 'node_modules'), join(modules, 'greengrass-rx/node_modules'));
  await symlink('../greengrass-rx/dist/cli/main.js', join(modules, '.bin/greengrass-rx'));
  await runProcess('chmod', ['+x', join(modules, 'greengrass-rx/dist/cli/main.js')], { cwd: modules, timeLimit: TIME_LIMIT });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
}

/** Follows a tutorial. Each step throws what it finds wrong. */
class Reader {
  #cwd: string;
  readonly #tarball: string;
  #env: NodeJS.ProcessEnv;
  readonly #open = new Map<string, Terminal>();
  /** What the last commands have printed, in the terminal without a name. */
  #printed = '';

  constructor(cwd: string, tarball: string) {
    this.#cwd = cwd;
    this.#tarball = tarball;
    const quiet = {
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_progress: 'false',
      npm_config_update_notifier: 'false',
    };
    const outer = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|NODE_|CI$|FORCE_COLOR$|INIT_CWD$|GREENGRASS_RX|AWS_|SVCUID)/i.test(name),
    );
    this.#env = { ...Object.fromEntries(outer), ...quiet, XDG_RUNTIME_DIR: cwd, NO_COLOR: '1' };
  }

  async take(step: TutorialStep): Promise<void> {
    switch (step.kind) {
      case 'commands':
        return this.#type(step);
      case 'output':
        return this.#see(step.text, step.terminal);
      case 'ctrl-c':
        return this.#interrupt(step.terminal);
      case 'edit': {
        const path = join(this.#cwd, step.path);
        return writeFile(path, edited(await readFile(path, 'utf8'), step.diff));
      }
      case 'create':
        return writeFile(join(this.#cwd, step.path), step.text, { flag: 'wx' });
      case 'excerpt':
        if (!(await readFile(join(this.#cwd, step.path), 'utf8')).includes(step.text)) throw new Error(`${step.path} has no such lines`);
    }
  }

  /** From here on the commands run under the Node that is in this folder. */
  useNode(folder: string): void {
    this.#env = { ...this.#env, PATH: `${folder}:${this.#env['PATH'] ?? ''}` };
  }

  close(): void {
    for (const terminal of this.#open.values()) terminal.interrupt();
  }

  async #type({ commands, terminal: name, fails }: Extract<TutorialStep, { kind: 'commands' }>): Promise<void> {
    this.#printed = '';
    for (const command of commands) {
      const [, folder] = /^cd (\S+)$/.exec(command) ?? [];
      if (folder !== undefined) {
        this.#cwd = resolve(this.#cwd, folder);
        continue;
      }
      const terminal = new Terminal(command, { cwd: this.#cwd, env: this.#env, columns: COLUMNS });
      if (name !== undefined) {
        this.#open.set(name, terminal);
        continue;
      }
      const code = await terminal.end(TIME_LIMIT);
      this.#printed += terminal.printed;
      if ((code !== 0) !== fails) throw new Error(`${command} ended with ${code}:\n${terminal.printed}`);
      if (command.includes('greengrass-rx init')) await this.#useTarball(command);
    }
  }

  async #useTarball(command: string): Promise<void> {
    const path = join(this.#cwd, / init (\S+)/.exec(command)?.[1] ?? '', 'package.json');
    const manifest = await readFile(path, 'utf8');
    await writeFile(path, manifest.replace(/"greengrass-rx": "\^[^"]+"/, `"greengrass-rx": "file:${this.#tarball}"`));
  }

  async #see(shown: string, name: string | undefined): Promise<void> {
    const terminal = name === undefined ? undefined : this.#terminal(name);
    await terminal?.until(printed => difference(shown, printed) === undefined, TIME_LIMIT);
    const printed = terminal?.printed ?? this.#printed;
    const problem = difference(shown, printed);
    if (SHOW) {
      console.log(comparable(printed).join('\n'));
      return;
    }
    if (problem !== undefined) throw new Error(`${problem}\nAll that is printed:\n${comparable(printed).join('\n')}`);
  }

  async #interrupt(name: string): Promise<void> {
    const terminal = this.#terminal(name);
    terminal.interrupt();
    await terminal.end(TIME_LIMIT);
    this.#open.delete(name);
  }

  #terminal(name: string): Terminal {
    const terminal = this.#open.get(name);
    if (terminal === undefined) throw new Error(`there is no terminal ${name}`);
    return terminal;
  }
}

/** README.md must tell its readers to begin with the commands with which the tutorial begins. */
async function checkReadme(steps: readonly TutorialStep[]): Promise<void> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const promised = commandsIn(/```sh\n(npx greengrass-rx init [^]*?)```/.exec(readme)?.[1] ?? '');
  const typed = steps.flatMap(step => (step.kind === 'commands' ? step.commands : []));
  const missing = promised.filter(command => !typed.includes(command));
  if (promised.length < 4 || missing.length > 0)
    throw new Error(`README.md: it does not begin as the tutorial does: ${missing.join(', ')}`);
}

const TUTORIAL = 'docs/tutorial.md';
/** Follows docs/offline.md, which goes on where the tutorial ends, with a Node that has `node:sqlite`. */
const OFFLINE = 'docs/offline.md';

const stepsOf = async (page: string): Promise<readonly TutorialStep[]> => tutorialSteps(await readFile(join(ROOT, page), 'utf8'));

async function follow(reader: Reader, page: string, steps: readonly TutorialStep[]): Promise<void> {
  for (const step of steps) {
    const started = performance.now();
    await reader.take(step).catch((error: unknown) => {
      throw new Error(`${page}:${step.line}: ${messageOf(error)}`);
    });
    const what = step.kind === 'commands' ? step.commands.join('; ') : step.kind;
    console.log(`ok    ${page}:${step.line} ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Does all of this at once and to its end, so that nothing is left running when some of it fails. */
async function together(...work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failures = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []));
  if (failures.length > 0) throw new Error(failures.join('\nFAIL  '));
}

async function main(): Promise<void> {
  const tutorial = await stepsOf(TUTORIAL);
  const offline = await stepsOf(OFFLINE);
  await checkReadme(tutorial);
  if (!HAS_TERMINAL) {
    console.log('tutorial: skipped, since there is no script of util-linux');
    return;
  }
  const installed = tutorial.findIndex(step => step.kind === 'commands' && step.commands.includes('npm install')) + 1;
  await inTemporaryFolder(async folder => {
    const tarball = await packInto(folder);
    await provide(folder, tarball);
    // Apart, since a command in a terminal talks to the nucleus that runs in its folder of running ones.
    const [empty, templates] = [join(folder, 'empty'), join(folder, 'templates')];
    await Promise.all([empty, templates].map(path => mkdir(path)));
    const reader = new Reader(empty, tarball);
    const goOn = async (): Promise<void> => {
      await follow(reader, TUTORIAL, tutorial.slice(installed));
      reader.useNode(dirname(nodeWithSqlite()));
      await follow(reader, OFFLINE, offline);
    };
    try {
      await follow(reader, TUTORIAL, tutorial.slice(0, installed));
      // Half of the time either waits for what goes on around a component. What is installed is not changed from here on.
      await together(checkTemplates(templates, join(empty, 'my-component/node_modules')), goOn());
    } finally {
      reader.close();
    }
  });
  console.log(`\ntutorial: ${tutorial.length + offline.length} steps as written`);
}

await main().catch((error: unknown) => {
  console.log(`FAIL  ${messageOf(error)}`);
  process.exitCode = 1;
});
