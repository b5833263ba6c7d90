import { readFileSync } from 'node:fs';

/** What a program that is measured and who measures it tell each other. */

/** Of a program: it is subscribed; its first message has come; what it has cost since it was subscribed. */
export type ProgramNews = 'ready' | 'first' | ProgramCost;

export interface ProgramCost {
  readonly cpuMicroseconds: number;
  /** The most memory that the process has had. */
  readonly peakMegabytes: number;
  /** Messages that were no readings. */
  readonly bad: number;
}

const tell = (news: ProgramNews): unknown => process.send?.(news);

let before = process.cpuUsage();

export function tellReady(): void {
  before = process.cpuUsage();
  tell('ready');
}

let isTold = false;

/** Messages go on; it is told once. */
export function tellFirst(): void {
  if (!isTold) tell('first');
  isTold = true;
}

/** When asked, tells what it has cost, and ends the process. */
export function answerFor(bad: () => number): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ cpuMicroseconds: user + system, peakMegabytes: peakKilobytes() / 1024, bad: bad() } satisfies ProgramCost, () =>
      process.exit(),
    );
  });
}

/** That of Linux: `maxRSS` begins with the memory of the process that started this one. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** The QoS of both directions. */
export const QOS_OF_PIPELINE: '0' | '1' = process.argv[2] === '0' ? '0' : '1';
