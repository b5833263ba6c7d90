import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ComponentEnvironment } from '../../../src/local/index.js';

/** The built program, as `npx greengrass-rx` runs it. `npm test` builds it first. */
export const MAIN: string = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** A process of the command line, and what it says. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first match in what has been or will be said; rejects when the process ends without. */
  readonly saw: (pattern: RegExp, where?: 'stdout' | 'stderr') => Promise<RegExpExecArray>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface RunOptions {
  readonly env?: Readonly<NodeJS.ProcessEnv> | ComponentEnvironment | undefined;
  readonly cwd?: string | undefined;
  readonly input?: string | Uint8Array | undefined;
}

/** A fresh folder, gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ggrx-cli-'));
  // Windows removes nothing that a process has open which is about to end.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
}

/** Runs `greengrass-rx` with an environment of its own, and kills it when the test is over. */
export function runCli(args: readonly string[], options: RunOptions = {}): CliProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build makes it.`);
  const given: Readonly<NodeJS.ProcessEnv> = { ...options.env };
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: given['XDG_RUNTIME_DIR'] ?? temporaryFolder(), ...given };
  const child = spawn(process.execPath, [MAIN, ...args], { env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return follow(child, options.input);
}

/** Gathers what a process says. `input` is all it gets to read; `'keep'` leaves that open. */
export function follow(child: ChildProcess, input?: string | Uint8Array): CliProcess {
  const said = { stdout: '', stderr: '' };
  const onMore = new Set<() => void>();
  for (const where of ['stdout', 'stderr'] as const) {
    child[where]?.setEncoding('utf8').on('data', (text: string) => {
      said[where] += text;
      for (const look of [...onMore]) look();
    });
  }
  child.stdin?.on('error', () => undefined);
  if (input !== 'keep') child.stdin?.end(input);
  const ended = once(child, 'close').then(outcome => {
    const [code, signal] = outcome as [number | null, NodeJS.Signals | null];
    return { code, signal };
  });
  const saw = (pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(said[where]);
        if (found === null) return;
        onMore.delete(look);
        resolve(found);
      };
      onMore.add(look);
      look();
      void ended.then(end => {
        reject(new Error(`ended with ${JSON.stringify(end)} and without ${String(pattern)}:\n${said.stdout}\n--- stderr\n${said.stderr}`));
      });
    });
  return { child, stdout: () => said.stdout, stderr: () => said.stderr, saw, ended };
}
