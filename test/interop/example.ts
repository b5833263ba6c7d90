import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LocalNucleus, NucleusEvent } from '../../src/local/index.js';

/** The component that examples run as. */
export const COMPONENT = 'com.example.Peer';

/** An example as a process of its own, which is given nothing but the environment of a component. */
export class Example implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #printed: string[] = [];
  readonly #passed: string[] = [];

  constructor(nucleus: LocalNucleus, command: string, args: readonly string[], errors: 'inherit' | 'ignore' = 'inherit') {
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'pipe', errors],
      env: { PATH: process.env['PATH'], ...nucleus.environment(COMPONENT) },
    });
    this.#closed = once(this.#child, 'close');
    if (this.#child.stdout === null) throw new Error('There is no output to read.');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  }

  /**
   * Reads on until a line is exactly this one. A line that was read before and that nobody has waited for counts, too: handlers of an SDK
   * print in any order.
   */
  async prints(wanted: string): Promise<void> {
    const passed = this.#passed.indexOf(wanted);
    if (passed >= 0) {
      this.#passed.splice(passed, 1);
      return;
    }
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`It ended without printing "${wanted}". It printed: ${this.#printed.join(' | ')}`);
      this.#printed.push(value);
      if (value === wanted) return;
      this.#passed.push(value);
    }
  }

  /** Its exit code. */
  async ends(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

/** The next event of this kind. */
export function event(nucleus: LocalNucleus, kind: NucleusEvent['kind']): Promise<NucleusEvent> {
  return new Promise(resolve => {
    const stop = nucleus.observe(news => {
      if (news.kind !== kind) return;
      stop();
      resolve(news);
    });
  });
}
