import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { asyncScheduler, defaultIfEmpty, filter, firstValueFrom, map, takeUntil, timer } from 'rxjs';
import { waiting } from '../../schedule/clock.js';
import type { ProcessEnd } from './dev-event.js';
import { PassedLines, type TakeLine } from './pass-lines.js';
import { ProcessGroup } from './process-group.js';

/** How often to look whether a process group is gone, which no event tells, in milliseconds. */
const LOOK_EVERY = 20;
/** How long nothing may come out of the pipes of a process that has ended, in milliseconds. Another that holds them open must not hold up the end. */
const PIPES_AFTER_END = 500;
/** Bytes that may still come out of them: more than a pipe can hold is another's. */
const MOST_IN_PIPES = 1024 * 1024;

/** What to run. */
export interface ProcessSpec {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (stream: 'stdout' | 'stderr') => TakeLine;
  /** Told when something had to be killed. */
  readonly onKill: (reason: string) => void;
  /** How long it may take to end after a signal, in milliseconds. */
  readonly grace: number;
}

/**
 * A component's process with all it starts: a process group of its own, so that signals reach the grandchildren too, those of the
 * terminal only by way of `dev`, and nothing is left when it has ended.
 */
export class ComponentProcess {
  readonly #child: ChildProcess;
  readonly #spec: ProcessSpec;
  /** None if it could not be started. */
  readonly #group: ProcessGroup | undefined;
  /** Resolves when the process has ended, its output has been passed on, and nothing of its group is left. */
  readonly ended: Promise<ProcessEnd>;
  #hasEnded = false;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    const [file, ...args] = spec.command;
    this.#child = spawn(file, args, { env: spec.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#group = this.#child.pid === undefined ? undefined : new ProcessGroup(this.#child.pid);
    const { stdout, stderr } = this.#child;
    const pipes = [
      ...(stdout === null ? [] : [new PassedLines(stdout, spec.onLine('stdout'))]),
      ...(stderr === null ? [] : [new PassedLines(stderr, spec.onLine('stderr'))]),
    ];
    this.ended = this.#end().then(async end => {
      await restOf(pipes);
      stdout?.destroy();
      stderr?.destroy();
      this.#hasEnded = true;
      return end;
    });
  }

  /** `undefined` if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it with a signal, and if that does not help by force. */
  async stop(signal: NodeJS.Signals): Promise<ProcessEnd> {
    this.#group?.signal(signal);
    const ended = this.ended.then(() => true);
    const inTime = await Promise.race([ended, firstValueFrom(waiting(this.#spec.grace, asyncScheduler).pipe(map(() => false)))]);
    if (!inTime) {
      this.#spec.onKill(`it had not ended ${String(this.#spec.grace)} ms after ${signal}`);
      this.kill();
    }
    return this.ended;
  }

  /** Ends all of it at once. Harmless when it has ended. */
  readonly kill = (): void => {
    if (!this.#hasEnded) this.#group?.signal('SIGKILL');
  };

  async #end(): Promise<ProcessEnd> {
    const child = this.#child;
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      await this.#endRest();
      return signal === null ? { code: code ?? 0 } : { signal };
    } catch (error) {
      // The event `error`: it could not be started.
      const { code, message } = error as NodeJS.ErrnoException;
      return { failure: code === 'ENOENT' ? 'not-found' : 'not-executable', reason: message };
    }
  }

  /** Ends what the process has started and left behind. */
  async #endRest(): Promise<void> {
    const group = this.#group;
    if (group === undefined || group.isGone) return;
    const { grace, onKill } = this.#spec;
    group.signal('SIGTERM');
    if (await isGoneWithin(group, grace)) return;
    onKill('it left processes behind that did not end');
    group.signal('SIGKILL');
    await isGoneWithin(group, grace);
  }
}

/** Resolves when all that a process left in its pipes has been passed on, however slow the reader. */
async function restOf(pipes: readonly PassedLines[]): Promise<void> {
  const bytes = (): number => pipes.reduce((sum, pipe) => sum + pipe.bytes, 0);
  const atEnd = bytes();
  const ended = Promise.all(pipes.map(pipe => pipe.ended)).then(() => true);
  for (let before = atEnd; ; before = bytes()) {
    if (await Promise.race([ended, firstValueFrom(timer(PIPES_AFTER_END).pipe(map(() => false)))])) return;
    // A timer that is late fires before anything is read, also what has been there for long.
    await setImmediate();
    await setImmediate();
    if (pipes.every(pipe => pipe.isWaiting) && (bytes() === before || bytes() - atEnd > MOST_IN_PIPES)) return;
  }
}

function isGoneWithin(group: ProcessGroup, milliseconds: number): Promise<boolean> {
  return firstValueFrom(
    timer(0, LOOK_EVERY).pipe(
      map(() => group.isGone),
      filter(isGone => isGone),
      takeUntil(waiting(milliseconds, asyncScheduler)),
      defaultIfEmpty(false),
    ),
  );
}
