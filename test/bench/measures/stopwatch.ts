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

/** What something cost that was done again and again, in nanoseconds: on average, and in the cheapest part. */
export interface RepeatedCost {
  readonly nanosecondsEach: number;
  readonly leastEach: number;
}

const PARTS = 5;

/** The cost of repetitions that cost so much each; a part is a fifth of them, so that it has its share of the garbage collections. */
export function costOfRepeated(nanoseconds: readonly number[]): RepeatedCost {
  const parts = Math.min(PARTS, nanoseconds.length);
  const averages = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part, part + 1].map(end => Math.floor((end * nanoseconds.length) / parts));
    return average(nanoseconds.slice(from, to));
  });
  return { nanosecondsEach: average(nanoseconds), leastEach: Math.min(...averages) };
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
