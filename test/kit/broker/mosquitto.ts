import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian puts it into a folder that is not in the PATH of an ordinary user. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

function isThere(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', env: { ...process.env, PATH } });
    return true;
  } catch (error) {
    // mosquitto ends with 3 when asked for help.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** What a machine lacks for tests with a broker of its own; `undefined` if it lacks nothing. */
export const mosquittoMissing: string | undefined = !isThere('mosquitto', '-h')
  ? 'mosquitto is not installed (apt-get install mosquitto)'
  : isThere('openssl', 'version')
    ? undefined
    : 'openssl is not installed';

/**
 * Below these are services, and from the end on the kernel takes ports for whoever asks for any: it would take one of ours before we have
 * used it.
 */
const FIRST_PORT = 15_000;
const END_OF_PORTS = 32_768;

/** A port of the loopback interface that nobody has. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (END_OF_PORTS - FIRST_PORT));
    if (await isFree(port)) return port;
  }
}

/** Whether nobody has a port of the loopback interface. */
export function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** mosquitto, a broker of its own process, that can be killed and started again at its port. */
export class Mosquitto implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** `settings` gives lines of its configuration, and may write files into its folder before. */
  static async start(settings: (folder: string) => Promise<readonly string[]> | readonly string[]): Promise<Mosquitto> {
    const folder = await mkdtemp(join(tmpdir(), 'ggrx-mosquitto-'));
    const mosquitto = new Mosquitto(folder, await freePort());
    const lines = await settings(folder);
    // Started by root it would become a user who may not read the folder.
    const config = ['user root', 'log_dest stderr', `listener ${mosquitto.port} 127.0.0.1`, ...lines, ''];
    await writeFile(join(folder, 'mosquitto.conf'), config.join('\n'));
    await mosquitto.run();
    return mosquitto;
  }

  async run(): Promise<void> {
    const child = spawn('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH },
    });
    this.#child = child;
    // A test that takes too long is not disposed of.
    const killIt = (): void => void child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => process.off('exit', killIt));
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('running')) resolve();
      });
      child.once('exit', code => {
        reject(new Error(`mosquitto ended with ${String(code)}: ${log}`));
      });
    });
  }

  /** Stops it in its tracks, as a network that has gone does: connections stay and nothing is answered. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
