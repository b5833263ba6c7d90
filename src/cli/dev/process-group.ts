import { type SpawnOptions, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { asyncScheduler, defaultIfEmpty, filter, firstValueFrom, map, takeUntil, timer } from 'rxjs';
import { waiting } from '../../schedule/clock.js';

/** How often to look whether a process group is gone, which no event tells, in milliseconds. */
const LOOK_EVERY = 20;

const IS_WINDOWS = process.platform === 'win32';

/** What to start a process with, so that what it starts is told from what others have started. */
export const OWN_GROUP: Pick<SpawnOptions, 'detached' | 'windowsHide'> = {
  // Detached, a process of Windows has a console of its own, and Ctrl-C does not reach it.
  detached: !IS_WINDOWS,
  windowsHide: true,
};

/** A process and what it has started. */
export interface Processes {
  /** `false`: nobody is there to get it. */
  readonly signal: (signal: NodeJS.Signals | 0) => boolean;
  readonly isGone: boolean;
}

/** A process that was started with {@link OWN_GROUP}, and what it has started. */
export function startedBy(id: number): Processes {
  return IS_WINDOWS ? new WindowsTree(id) : new ProcessGroup(id);
}

/** Whether nobody of them runs any more, once so many milliseconds have passed at the latest. */
export function isGoneWithin(group: Processes, milliseconds: number): Promise<boolean> {
  return firstValueFrom(
    timer(0, LOOK_EVERY).pipe(
      map(() => group.isGone),
      filter(isGone => isGone),
      takeUntil(waiting(milliseconds, asyncScheduler)),
      defaultIfEmpty(false),
    ),
  );
}

/**
 * On Windows there are no process groups and no signals. Ctrl-C reaches the process by the console that it shares with us. Any other end is
 * by force, with all that it has started.
 */
export class WindowsTree implements Processes {
  readonly #id: number;
  readonly #endTree: (id: number) => boolean;

  /** @param endTree for tests elsewhere. */
  constructor(id: number, endTree: (id: number) => boolean = taskkill) {
    this.#id = id;
    this.#endTree = endTree;
  }

  signal(signal: NodeJS.Signals | 0): boolean {
    if (signal === 0 || signal === 'SIGINT') return !this.isGone;
    return this.#endTree(this.#id);
  }

  get isGone(): boolean {
    try {
      process.kill(this.#id, 0);
      return false;
    } catch {
      return true;
    }
  }
}

function taskkill(id: number): boolean {
  const { status } = spawnSync('taskkill', ['/pid', String(id), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
  return status === 0 || endAlone(id);
}

/** Where there is no taskkill, the process itself at least. */
function endAlone(id: number): boolean {
  try {
    return process.kill(id, 'SIGKILL');
  } catch {
    return false;
  }
}

/** The processes that one has started, and those that they have, as long as none leads a group of its own. Known by the id of the first. */
class ProcessGroup implements Processes {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  /** `false`: nobody is there to get it. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#id, signal);
    } catch {
      return false;
    }
  }

  /**
   * Whether nobody runs in it any more. One that has ended and that its parent has not asked for (a zombie) counts as gone: in a
   * container whose first process does not do so, the grandchildren stay zombies for good.
   */
  get isGone(): boolean {
    if (!this.signal(0)) return true;
    return process.platform === 'linux' && !this.#runs();
  }

  #runs(): boolean {
    return readdirSync('/proc').some(name => /^\d+$/.test(name) && this.#isMember(name));
  }

  #isMember(pid: string): boolean {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // pid (name) state parent group …; the name may hold anything.
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(group) === this.#id && state !== 'Z' && state !== 'X';
    } catch {
      // It has ended since.
      return false;
    }
  }
}
