import { execFile } from 'node:child_process';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Profile } from '../../shared/profile.js';
import { PACKAGE_FOLDER } from '../cli.js';
import type { PassedMessage } from './message-ring.js';

const MAIN = fileURLToPath(new URL('dist/cli/main.js', PACKAGE_FOLDER));

/** What a process may take. */
interface Bounds {
  /** Milliseconds. */
  readonly within: number;
  /** Bytes that it may print. */
  readonly maxBytes: number;
  /** Kills it at once: it runs somebody's code, which may ignore a gentler signal. */
  readonly signal: AbortSignal;
}

/** Runs a command of this program in a process of its own, and gives what it prints. Rejects with what is wrong. */
export function runOwn(args: readonly string[], { within, maxBytes, signal }: Bounds, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const bounds = { timeout: within, maxBuffer: maxBytes, killSignal: 'SIGKILL' } as const;
    const child = execFile(process.execPath, [MAIN, ...args], bounds, (error, stdout, stderr) => {
      signal.removeEventListener('abort', kill);
      if (error === null) resolve(stdout);
      else if (error.killed === true && !signal.aborted) reject(new Error(`it took longer than ${within / 1_000} s`));
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

/** The end of a line of a recording whose message came on a local topic. */
export const LOCAL = ',"isLocal":true}';
/** How long it may take to play the messages to the component, in milliseconds, and how long the test may be, in bytes. */
const WITHIN = 30_000;
const MAX_TEST = 8 * 1024 * 1024;

/** What the test is made from. */
export interface SeenMessages {
  /** What came to the component, oldest first. */
  readonly messages: readonly PassedMessage[];
  readonly configuration: unknown;
  readonly profile: Profile;
}

/**
 * A marble test of a module's component, for a file in the project's folder `test`. It draws the messages that came in these seconds, and
 * expects what the component makes of them in virtual time. So it passes as it is; change what should be different.
 *
 * The component is loaded in a process of its own, which the signal ends.
 */
export function marbleTestOfModule(
  module: string,
  { messages, configuration, profile }: SeenMessages,
  signal: AbortSignal,
): Promise<string> {
  const recording = messages.map(({ at, topicName, isLocal, payload }) => {
    const line = JSON.stringify({ at, topicName, payloadBase64: Buffer.from(payload).toString('base64') });
    return isLocal ? `${line.slice(0, -1)}${LOCAL}` : line;
  });
  const args = ['marble-test', module, '--config', JSON.stringify(configuration), '--import', importOf(module), '--profile', profile];
  return runOwn(args, { within: WITHIN, maxBytes: MAX_TEST, signal }, `${recording.join('\n')}\n`);
}

/** `dist/component.js` is compiled from `src/component.ts`, which a test imports. */
function importOf(module: string): string {
  const path = relative(process.cwd(), resolve(module)).replaceAll('\\', '/');
  return `../${path.replace(/^(dist|build)\//, 'src/')}`;
}
