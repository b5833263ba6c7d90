import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { DryRun } from '../../dry-run/dry-run-result.js';
import type { RecipeLifecycle, RecipeOptions } from '../../dry-run/recipe.js';
import type { RecipeTextFormat } from '../../recipe/recipe-format.js';
import { visible } from '../../shared/visible.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { sourceOf } from './load-component.js';
import { dryRunModule, lineColour, writeOut } from './dry-run-module.js';

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
    throw new UsageError(`The recipe ${file} could not be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  const lines = dry.recipeDifference(committed, file, derived);
  if (lines.length === 0) {
    cli.err.line(`${file} fits ${module}`);
    return;
  }
  for (const line of lines) cli.out.line(cli.out.style(lineColour(line), visible(line)));
  const lifecycle = derived.lifecycle === undefined ? '' : ` --lifecycle ${derived.lifecycle}`;
  const remedy = `Write it anew: greengrass-rx recipe ${module}${lifecycle} --out ${file}`;
  throw new CliError(`${file} no longer fits ${module}.`, { exitCode: EXIT.FAILED, remedies: [remedy] });
}

/** The module's path in the project, in whose folder the command is run. */
function withinProject(module: string): string {
  const path = relative(process.cwd(), resolve(module));
  if (path.startsWith('..')) throw new UsageError(`${module} is not in this folder.`, "Run it in the project's folder.");
  return path.split(sep).join('/');
}
