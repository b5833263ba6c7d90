import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

/** Whether `script` of util-linux is there, which gives a program a terminal. */
export const HAS_TERMINAL: boolean = String(spawnSync('script', ['--version']).stdout).includes('util-linux');

/**
 * What a terminal still shows of what was printed, without colours. What takes longer on a busy machine shows its progress meanwhile, in a
 * line that is erased, and npm a spinner.
 */
export function stillShown(printed: string): string {
  const lines = printed.split('\n').map(line => line.split(ERASED).at(-1) ?? '');
  return stripVTControlCharacters(lines.join('\n').replace(/[\u2800-\u28ff]/g, ''));
}

/** Erases the line so far. */
const ERASED = '\r\u001b[K';

/** A command in a pseudo-terminal. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #printed = '';
  #onMore: (() => void) | undefined;
  #isOver = false;

  constructor(command: string, { cwd, env, columns }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly columns: number }) {
    const inside = `stty cols ${columns}; ${command}`;
    this.#child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', inside, '/dev/null'], {
      cwd,
      env: { ...env, SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#onMore?.();
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#isOver = true;
      this.#onMore?.();
      return typeof code === 'number' ? code : -1;
    });
  }

  /** What was printed so far, as it was. */
  get coloured(): string {
    return this.#printed;
  }

  /** The same without colours, and without what was drawn over. */
  get printed(): string {
    return stillShown(this.#printed);
  }

  /** Resolves when what was printed is as wanted, the command has ended, or the time is up. */
  async until(wanted: (printed: string) => boolean, milliseconds: number): Promise<void> {
    const isDone = (): boolean => this.#isOver || wanted(this.printed);
    if (isDone()) return;
    await new Promise<void>(resolve => {
      const limit = setTimeout(resolve, milliseconds);
      this.#onMore = () => {
        if (!isDone()) return;
        clearTimeout(limit);
        resolve();
      };
    });
    this.#onMore = undefined;
  }

  /** The exit code. When the time is up, the command is killed. */
  async end(milliseconds: number): Promise<number> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), milliseconds);
    const code = await this.#ended;
    clearTimeout(limit);
    return code;
  }

  interrupt(): void {
    this.#child.stdin?.write('\u0003');
  }
}
