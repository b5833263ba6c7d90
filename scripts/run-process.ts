import { spawn } from 'node:child_process';

/** How a process ended, and what it said. */
export interface Outcome {
  /** `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly timeLimit: number;
}

/** Runs a process to its end, or kills it when its time is up. */
export function runProcess(command: string, args: readonly string[], options: ProcessOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeLimit);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', error => {
      clearTimeout(limit);
      reject(error);
    });
    child.on('close', code => {
      clearTimeout(limit);
      resolve({ code: code ?? undefined, timedOut, stdout, stderr });
    });
  });
}

/** What went wrong, in the words of the process; `undefined` when it ended as it should. */
export function failureOf(outcome: Outcome, timeLimit: number): string | undefined {
  if (outcome.code === 0) return undefined;
  const end = outcome.timedOut ? `still running after ${timeLimit / 1000} s` : `ended with ${outcome.code ?? 'a signal'}`;
  return [end, outcome.stdout, outcome.stderr]
    .map(part => part.trimEnd())
    .filter(Boolean)
    .join('\n');
}
