/** What a number of messages cost, after some that did not count because the code was still being compiled. */
export interface Throughput {
  readonly perSecond: number;
  /** Processor time of the whole process for one message, in microseconds. */
  readonly cpuMicroseconds: number;
  /** Memory of the process at the end, in MB. */
  readonly rssMegabytes: number;
}

/** Counts messages and times those after the warm-up. */
export class Stopwatch {
  readonly done: Promise<Throughput>;
  readonly #messages: number;
  #left: number;
  #cpu = process.cpuUsage();
  #begun = process.hrtime.bigint();
  #finish: (throughput: Throughput) => void = () => undefined;

  constructor(warmUp: number, messages: number) {
    this.#messages = messages;
    this.#left = warmUp + messages;
    this.done = new Promise(resolve => (this.#finish = resolve));
  }

  count(): void {
    if (--this.#left === this.#messages) {
      this.#cpu = process.cpuUsage();
      this.#begun = process.hrtime.bigint();
    } else if (this.#left === 0) {
      const seconds = Number(process.hrtime.bigint() - this.#begun) / 1e9;
      const { user, system } = process.cpuUsage(this.#cpu);
      this.#finish({
        perSecond: this.#messages / seconds,
        cpuMicroseconds: (user + system) / this.#messages,
        rssMegabytes: rssMegabytes(),
      });
    }
  }
}

export const rssMegabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

/** Processor time that something takes, in nanoseconds: what else runs on the machine does not count. */
export function cpuNanoseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}
