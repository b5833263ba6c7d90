import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ComponentEnvironment } from 'greengrass-rx/local';

/** A program beside this one, started as a nucleus starts a component: all it is given are two variables. */
export interface Program {
  readonly child: ChildProcess;
  /** Its standard output so far. */
  readonly output: () => string;
  /** Resolves when it has written something. */
  readonly spoke: Promise<void>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

/** @param place the URL of the program's module. */
export function startProgram(place: string, environment: ComponentEnvironment): Program {
  const child = spawn(process.execPath, ['--disable-warning=NodeDeprecationWarning', fileURLToPath(place)], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const spoke = once(child.stdout, 'data').then(() => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, output: () => said, spoke, ended: once(child, 'close').then(([code]) => code as number | null) };
}
