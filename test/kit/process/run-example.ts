import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** How an example ended, and what it printed. */
export interface ExampleRun {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a built example as its reader does. `npm test` builds them first. */
export const runExample = (name: string, ...args: readonly string[]): Promise<ExampleRun> =>
  runExampleUnder(process.execPath, name, ...args);

/** Under this Node. */
export async function runExampleUnder(node: string, name: string, ...args: readonly string[]): Promise<ExampleRun> {
  const main = `build/examples/${name}/main.js`;
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build:examples makes it.`);
  const child = spawn(node, [main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** What the index of the examples says that one prints. `…` stands for anything in a line. */
export function shownOutput(name: string): RegExp {
  const index = readFileSync('examples/README.md', 'utf8');
  const [, shown] = new RegExp(`^## ${name}$.*?^\`\`\`text$\n(.*?)^\`\`\`$`, 'ms').exec(index) ?? [];
  if (shown === undefined) throw new Error(`examples/README.md does not show what ${name} prints.`);
  return new RegExp(`^${shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]*')}$`);
}
