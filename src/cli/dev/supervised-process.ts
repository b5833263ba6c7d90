import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { asyncScheduler, firstValueFrom, from, map, race } from 'rxjs';
import { PACKAGE_FOLDER } from '../cli.js';
import { waiting } from '../../schedule/clock.js';
import { messageOf } from '../../shared/visible.js';
import type { ProcessEnd } from './dev-log.js';
import { isGoneWithin, OWN_GROUP, type Processes, startedBy } from './process-group.js';

/** How long the system of a busy machine may take to end what was killed, in milliseconds. */
const KILLED_WITHIN = 60_000;
/** How long the pipes of a process that has ended may be silent, in milliseconds: another that holds them open must not hold up the end. */
const PIPES_AFTER_END = 500;
/** Bytes that may still come out of them: more than a pipe can hold is another's. */
const MAX_IN_PIPES = 1024 * 1024;

/** What to run. */
interface ProcessSpec {
  readonly command: Command;
  /** `command` is one for the shell: `sh`, or on Windows `cmd.exe`. */
  readonly shell?: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (stream: 'stdout' | 'stderr') => TakeLine;
  /** Told when something had to be killed. */
  readonly onKill: (reason: string) => void;
  /** How long it may take to end after a signal, in milliseconds. */
  readonly grace: number;
}

/** Windows starts no shell script: what npm puts on the path for this program is one. */
export function startable(command: Command, platform: NodeJS.Platform = process.platform): Command {
  const [file, ...args] = command;
  if (platform !== 'win32' || file !== 'greengrass-rx') return command;
  return [process.execPath, fileURLToPath(new URL('dist/cli/main.js', PACKAGE_FOLDER)), ...args];
}

type Command = readonly [string, ...string[]];

/** Throws some of what the system says against it, such as of a file that is no program of Windows; the rest is an event of the process. */
function start({ command: [file, ...args], env, shell = false }: ProcessSpec): ChildProcess {
  return spawn(file, args, { env, shell, stdio: ['ignore', 'pipe', 'pipe'], ...OWN_GROUP });
}

/**
 * A component's process with all it starts, in a process group of its own. So signals reach the grandchildren, too, those of the terminal
 * only by way of `dev`, and nothing is left when it has ended.
 */
export class SupervisedProcess {
  readonly #child: ChildProcess | undefined;
  readonly #spec: ProcessSpec;
  /** None if it could not be started. */
  readonly #group: Processes | undefined;
  /** Resolves when the process has ended, its output has been passed on, and nothing of its group is left. */
  readonly ended: Promise<ProcessEnd>;
  #hasEnded = false;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    let child: ChildProcess;
    try {
      child = start(spec);
    } catch (error) {
      this.#hasEnded = true;
      this.ended = Promise.resolve({ failure: 'not-executable', reason: messageOf(error) });
      return;
    }
    this.#child = child;
    const { pid, stdout, stderr } = child;
    this.#group = pid === undefined ? undefined : startedBy(pid);
    const pipes = [
      ...(stdout === null ? [] : [new PassedLines(stdout, spec.onLine('stdout'))]),
      ...(stderr === null ? [] : [new PassedLines(stderr, spec.onLine('stderr'))]),
    ];
    this.ended = this.#end(child).then(async end => {
      await restOf(pipes);
      stdout?.destroy();
      stderr?.destroy();
      this.#hasEnded = true;
      return end;
    });
  }

  /** `undefined` if it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it with a signal, and if that does not help by force. */
  async stop(signal: NodeJS.Signals): Promise<ProcessEnd> {
    this.#group?.signal(signal);
    if (!(await isDoneWithin(this.ended, this.#spec.grace))) {
      this.#spec.onKill(`it had not ended ${this.#spec.grace} ms after ${signal}`);
      this.kill();
    }
    return this.ended;
  }

  /** Ends all of it at once. Harmless when it has ended. */
  readonly kill = (): void => {
    if (!this.#hasEnded) this.#group?.signal('SIGKILL');
  };

  async #end(child: ChildProcess): Promise<ProcessEnd> {
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      await this.#endRest();
      return signal === null ? { code: code ?? 0 } : { signal };
    } catch (error) {
      // The event `error`: it could not be started.
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT'
        ? { failure: 'not-found', reason: `there is no program ${this.#spec.command[0]}` }
        : { failure: 'not-executable', reason: message };
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
    await isGoneWithin(group, KILLED_WITHIN);
  }
}

/** Resolves when all that a process left in its pipes has been passed on, however slow the reader. */
async function restOf(pipes: readonly PassedLines[]): Promise<void> {
  const bytes = (): number => pipes.reduce((sum, pipe) => sum + pipe.bytes, 0);
  const atEnd = bytes();
  const ended = Promise.all(pipes.map(pipe => pipe.ended));
  for (let before = atEnd; ; before = bytes()) {
    if (await isDoneWithin(ended, PIPES_AFTER_END)) return;
    // A timer that is late fires before anything is read, also what has been there for long.
    await setImmediate();
    await setImmediate();
    if (pipes.every(pipe => pipe.isWaiting) && (bytes() === before || bytes() - atEnd > MAX_IN_PIPES)) return;
  }
}

/** Whether it is done within so many milliseconds. Nothing waits for the rest of them. */
function isDoneWithin(done: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const inTime = from(done).pipe(map(() => true));
  return firstValueFrom(race(inTime, waiting(milliseconds, asyncScheduler).pipe(map(() => false))));
}

/** Takes a line. A promise: the next one has to wait for it. */
export type TakeLine = (line: string) => Promise<void> | undefined;

/** Characters of a line that are kept together. A program that writes no line breaks must not fill the memory. */
const MAX_LINE = 64 * 1024;

/** Passes a process' output on by lines, no faster than they are taken. */
class PassedLines {
  /** Resolves at the end of the output. */
  readonly ended: Promise<void>;
  readonly #stream: Readable;
  readonly #take: TakeLine;
  #bytes = 0;
  #isWaiting = true;

  constructor(stream: Readable, take: TakeLine) {
    this.#stream = stream;
    this.#take = take;
    this.ended = this.#pass();
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all that has come was taken. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  async #pass(): Promise<void> {
    const decoder = new StringDecoder('utf8');
    const take = this.#take;
    let rest = '';
    try {
      for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
        this.#bytes += chunk.length;
        this.#isWaiting = false;
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) await take(line.endsWith('\r') ? line.slice(0, -1) : line);
        for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) await take(rest.slice(0, MAX_LINE));
        this.#isWaiting = true;
      }
    } catch {
      // Destroyed: the process has ended, and another that it left holds the pipe.
    }
    rest += decoder.end();
    if (rest !== '') await take(rest);
  }
}
