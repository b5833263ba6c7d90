import { spawn, spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { follow, MAIN, temporaryFolder, type CliProcess } from './run-cli.js';

/** Whether `script` of util-linux is there, which gives a program a terminal. */
export const HAS_TERMINAL: boolean = String(spawnSync('script', ['--version']).stdout).includes('util-linux');

/** A command line in a terminal, and a keyboard. */
export interface Terminal extends CliProcess {
  readonly type: (keys: string) => void;
  readonly runtime: string;
  readonly temporary: string;
}

/** Runs `greengrass-rx` in a pseudo-terminal of so many columns. What it says is all in `stdout`. */
export function inTerminal(args: readonly string[], columns: number, env: NodeJS.ProcessEnv = {}): Terminal {
  const quoted = [process.execPath, MAIN, ...args].map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const runtime = env['XDG_RUNTIME_DIR'] ?? temporaryFolder();
  const temporary = temporaryFolder();
  const child = spawn(
    'script',
    ['--quiet', '--return', '--echo', 'never', '--command', `stty cols ${columns}; exec ${quoted}`, '/dev/null'],
    {
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color', XDG_RUNTIME_DIR: runtime, TMPDIR: temporary, SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return { ...follow(child, 'keep'), type: keys => void child.stdin.write(keys), runtime, temporary };
}
