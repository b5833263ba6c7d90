import { readFileSync } from 'node:fs';

/** What a program that is measured and who measures it tell each other. */

/** Of a program: it is subscribed; its first message has come; what it has cost. */
export type ProgramNews = 'ready' | 'first' | ProgramCost;

/** What it is asked: to count its cost from now on; to tell it. */
export type ProgramQuestion = 'count' | 'so far';

export interface ProgramCost {
  /** Since it was subscribed, or was last told to count. */
  readonly cpuMicroseconds: number;
  /** From the start of the process to its first message. */
  readonly cpuToFirst: number;
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

let toFirst: NodeJS.CpuUsage | undefined;
const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system;

/** Messages go on; it is told once. */
export function tellFirst(): void {
  if (toFirst !== undefined) return;
  toFirst = process.cpuUsage();
  tell('first');
}

/** Tells what it has cost when it is asked, and ends when nobody can ask any more. */
export function answerFor(bad: () => number): void {
  process.on('message', (question: ProgramQuestion) => {
    if (question === 'count') {
      before = process.cpuUsage();
      return;
    }
    const cost: ProgramCost = {
      cpuMicroseconds: sum(process.cpuUsage(before)),
      cpuToFirst: toFirst === undefined ? 0 : sum(toFirst),
      peakMegabytes: peakKilobytes() / 1024,
      bad: bad(),
    };
    tell(cost);
  });
  process.on('disconnect', () => process.exit());
}

/** That of Linux: `maxRSS` begins with the memory of the process that started this one. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** The QoS of both directions. */
export const QOS_OF_PIPELINE: '0' | '1' = process.argv[2] === '0' ? '0' : '1';
