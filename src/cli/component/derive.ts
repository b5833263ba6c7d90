import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import * as t from 'io-ts';
import type { DiagramDirection, LiveNumbers } from '../../dry-run/diagram-model.js';
import type { DryRun } from '../../dry-run/dry-run-result.js';
import { dryRun } from '../../dry-run/dry-run.js';
import type { Finding } from '../../dry-run/record.js';
import type { RecipeLifecycle, RecipeOptions } from '../../dry-run/recipe.js';
import type { ConfigurationInvalid, TimersWithoutEnd } from '../../errors/errors.js';
import type { StageAccount } from '../../flow/account.js';
import type { RecipeTextFormat } from '../../recipe/recipe-format.js';
import { parsedJson } from '../../shared/check-argument.js';
import { messageOf, visible } from '../../shared/visible.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { wrap } from '../output.js';
import { loadComponent, ModuleBroken, sourceOf } from './load-component.js';

/** What a dry run is told on the command line. */
interface DryRunCommandOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly memory?: number;
}

/** Runs the component of a module dry, and says on stderr what was found. Throws if something of it will not work. */
async function dryRunModule(cli: Cli, module: string, { config, memory }: DryRunCommandOptions): Promise<DryRun> {
  // What it throws is told by its place in the source.
  process.setSourceMapsEnabled(true);
  const component = await loadComponent(sourceOf(module));
  const dry = await dryRun(component, { config, bufferBytes: memory }).catch((cause: unknown) => {
    throw new ModuleBroken(`The component of ${module} threw as it was run.`, cause);
  });
  if (dry._tag === 'Left') throw refusal(dry.left, config !== undefined);
  for (const finding of dry.right.findings) print(cli, finding);
  const errors = dry.right.findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CliError(`${module} has ${errors === 1 ? 'an error' : `${errors} errors`}, and nothing was written.`);
  return dry.right;
}

function refusal(error: ConfigurationInvalid | TimersWithoutEnd, hasConfig: boolean): CliError {
  switch (error._tag) {
    case 'ConfigurationInvalid':
      return new UsageError(
        `The defaults${hasConfig ? ', with --config over them,' : ''} are no configuration of ${error.component}.`,
        ...error.problems,
        hasConfig ? 'Mend what --config gives, or the defaults.' : 'Give what they leave out with --config.',
      );
    case 'TimersWithoutEnd':
      return new CliError(error.message);
  }
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const;

function print({ err }: Cli, { severity, about, message }: Finding): void {
  const label = `${severity} (${about}): `;
  const [first = '', ...rest] = wrap(label + visible(message), err.width, '  ');
  err.line([err.style(COLOURS[severity], label.trimEnd()) + first.slice(label.length - 1), ...rest].join('\n'));
}

/** Writes a result to the file that `--out` names, or to stdout. */
export async function writeOut(cli: Cli, file: string | undefined, text: string): Promise<void> {
  if (file === undefined) {
    cli.out.write(text);
    return;
  }
  await writeFile(file, text).catch((cause: unknown) => {
    throw new UsageError(`${file} could not be written: ${messageOf(cause)}`);
  });
  cli.err.line(`wrote ${file}`);
}

/**
 * Says whether what lies in a file or a folder fits the code. The lines say how it does not: `+` it lacks something, `-` it has too much,
 * `~` something differs. Any of them makes the command fail, with what writes it anew.
 */
function sayFit(cli: Cli, place: string, module: string, lines: readonly string[], remedy: string): void {
  if (lines.length === 0) {
    cli.err.line(`${place} fits ${module}`);
    return;
  }
  for (const line of lines) {
    const colour = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'yellow';
    cli.out.line(cli.out.style(colour, visible(line)));
  }
  throw new CliError(`${place} no longer fits ${module}.`, { exitCode: EXIT.FAILED, remedies: [`Write it anew: ${remedy}`] });
}

/** What `recipe` was told. */
export interface RecipeCommandOptions {
  readonly format?: RecipeTextFormat;
  readonly out?: string;
  readonly check?: string;
  readonly lifecycle?: RecipeLifecycle;
  readonly gdk?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly memory?: number;
}

/** Writes the recipe of a module's component, or says how a recipe does not fit it. */
export async function runRecipe(cli: Cli, module: string, options: RecipeCommandOptions): Promise<void> {
  const { gdk, bucket, region, check, out } = options;
  if (gdk !== undefined && (bucket === undefined || region === undefined)) throw new UsageError('--gdk needs --bucket and --region.');
  const dry = await dryRunModule(cli, module, options);
  const derived = { main: withinProject(sourceOf(module)), lifecycle: options.lifecycle };
  if (check !== undefined) {
    await checkRecipe(cli, dry, module, check, derived);
    return;
  }
  const format = options.format ?? (out?.endsWith('.json') === true ? 'json' : 'yaml');
  if (gdk === undefined || out !== undefined) await writeOut(cli, out, dry.recipeText(format, derived));
  if (gdk === undefined || bucket === undefined || region === undefined) return;
  if (out === undefined) await keepOrWriteRecipe(cli, dry, gdk, format, derived);
  for (const { path, text, executable } of dry.gdkFiles({ bucket, region, ...derived })) {
    const file = join(gdk, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    if (executable) await chmod(file, 0o755);
    cli.err.line(`wrote ${file}`);
  }
}

/** GDK wants one recipe in the project's folder, under one of two names. What is there already may hold what its author has added. */
async function keepOrWriteRecipe(cli: Cli, dry: DryRun, folder: string, format: RecipeTextFormat, derived: RecipeOptions): Promise<void> {
  const there = ['recipe.yaml', 'recipe.json'].map(name => join(folder, name)).find(file => existsSync(file));
  if (there !== undefined) {
    cli.err.line(`kept ${there}`);
    return;
  }
  await mkdir(folder, { recursive: true });
  await writeOut(cli, join(folder, `recipe.${format}`), dry.recipeText(format, derived));
}

async function checkRecipe(cli: Cli, dry: DryRun, module: string, file: string, derived: RecipeOptions): Promise<void> {
  const committed = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`The recipe ${file} could not be read: ${messageOf(cause)}`);
  });
  const lifecycle = derived.lifecycle === undefined ? '' : ` --lifecycle ${derived.lifecycle}`;
  const remedy = `greengrass-rx recipe ${module}${lifecycle} --out ${file}`;
  sayFit(cli, file, module, dry.recipeDifference(committed, file, derived), remedy);
}

/** The module's path in the project, in whose folder the command is run. */
function withinProject(module: string): string {
  const path = relative(process.cwd(), resolve(module));
  if (path.startsWith('..')) throw new UsageError(`${module} is not in this folder.`, "Run it in the project's folder.");
  return path.split(sep).join('/');
}

/** What `greengrass-rx cloud` is told. */
export interface CloudCommandOptions {
  readonly out: string;
  readonly check?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Writes the cloud side of a module's component, or says how a folder does not fit it. */
export async function runCloud(cli: Cli, module: string, { out, check, config }: CloudCommandOptions): Promise<void> {
  const dry = await dryRunModule(cli, module, config === undefined ? {} : { config });
  const files = dry.cloudFiles();
  if (files.length === 0)
    throw new CliError(`No stage of ${module} says where it publishes.`, {
      exitCode: EXIT.FAILED,
      remedies: ['Declare it: publishTo(…, { topics, payload }), and openOutbox({ topics }) with storeIn(…, { payload }).'],
    });
  if (check === undefined) {
    await mkdir(out, { recursive: true }).catch((cause: unknown) => {
      throw new UsageError(`${out} could not be made: ${messageOf(cause)}`);
    });
    for (const { path, text } of files) await writeOut(cli, join(out, path), text);
    return;
  }
  const lines = dry.cloudDifference(path => {
    const file = join(check, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  });
  sayFit(cli, check, module, lines, `greengrass-rx cloud ${module} --out ${check}`);
}

/** What `diagram` was told. */
export interface DiagramCommandOptions {
  readonly format?: 'mermaid' | 'svg' | 'json';
  readonly out?: string;
  readonly direction?: DiagramDirection;
  readonly live?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Draws a module's component. */
export async function runDiagram(cli: Cli, module: string, options: DiagramCommandOptions): Promise<void> {
  const { out, live, direction } = options;
  const numbers = live === undefined ? undefined : await readNumbers(live);
  const dry = await dryRunModule(cli, module, options);
  const format = options.format ?? (out?.endsWith('.svg') === true ? 'svg' : 'mermaid');
  const drawn = {
    mermaid: () => dry.mermaid(numbers, direction),
    svg: () => dry.svg(numbers, direction),
    json: () => `${JSON.stringify(dry.diagram(numbers))}\n`,
  }[format]();
  await writeOut(cli, out, drawn);
}

const Amount = t.type({ messages: t.number, bytes: t.number });
/** As much of a health file as is drawn. */
const Numbers = t.type({
  stages: t.array(
    t.type({
      kind: t.string,
      name: t.string,
      active: t.number,
      received: Amount,
      emitted: Amount,
      dropped: Amount,
      failed: Amount,
      buffered: Amount,
      discarded: Amount,
      peak: Amount,
    }),
  ),
});

async function readNumbers(file: string): Promise<LiveNumbers> {
  const remedy = 'Give the file that greengrass-rx run writes with --health.';
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${file} could not be read: ${messageOf(cause)}`, remedy);
  });
  const parsed = parsedJson(text);
  if (parsed === undefined) throw new UsageError(`${file} is not JSON.`, remedy);
  const health = Numbers.decode(parsed);
  if (health._tag === 'Left') throw new UsageError(`${file} is no health file.`, remedy);
  // Another version of the package may have kinds of stages that this one does not know: nothing is drawn for them.
  return health.right as { readonly stages: StageAccount[] };
}
