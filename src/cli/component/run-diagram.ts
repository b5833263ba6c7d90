import { readFile } from 'node:fs/promises';
import * as t from 'io-ts';
import type { DiagramDirection, LiveNumbers } from '../../dry-run/diagram-model.js';
import type { StageAccount } from '../../flow/account.js';
import { UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { dryRunModule, writeOut } from './dry-run-module.js';

/** What `diagram` was told. */
export interface DiagramCommandOptions {
  readonly format?: 'mermaid' | 'svg';
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
  await writeOut(cli, out, format === 'svg' ? dry.svg(numbers, direction) : dry.mermaid(numbers, direction));
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
    throw new UsageError(`${file} could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, remedy);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON.`, remedy);
  }
  const health = Numbers.decode(parsed);
  if (health._tag === 'Left') throw new UsageError(`${file} is no health file.`, remedy);
  // Kinds of stages that another version of the package knows are merely not found.
  return health.right as { readonly stages: StageAccount[] };
}
