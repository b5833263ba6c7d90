import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PACKAGE_FOLDER } from '../cli.js';

const MAIN = fileURLToPath(new URL('dist/cli/main.js', PACKAGE_FOLDER));

/** What a process may take. */
interface Bounds {
  /** Milliseconds. */
  readonly within: number;
  /** Bytes that it may print. */
  readonly largest: number;
  /** Ends it at once: what it has loaded is somebody's code, which may be deaf to a gentler signal. */
  readonly signal: AbortSignal;
}

/** Runs a command of this program in a process of its own, and gives what it prints. Rejects with what is wrong. */
export function runOwn(args: readonly string[], { within, largest, signal }: Bounds, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const bounds = { timeout: within, maxBuffer: largest, killSignal: 'SIGKILL' } as const;
    const child = execFile(process.execPath, [MAIN, ...args], bounds, (error, stdout, stderr) => {
      signal.removeEventListener('abort', kill);
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() === '' ? error.message : stderr.trim()));
    });
    const kill = (): void => void child.kill('SIGKILL');
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill);
    // It may end before it has read all: what is wrong with it is told on stderr.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
