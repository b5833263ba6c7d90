import { readdirSync, readFileSync } from 'node:fs';

/** The processes that one has started, and those that they have, as long as none leads a group of its own. Known by the id of the first. */
export class ProcessGroup {
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
