import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a process that tells nothing of itself has cost so far, as Linux counts it: all its threads, and its children that have ended. */
export interface ProcessCost {
  readonly cpuMicroseconds: number;
  readonly peakMegabytes: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** Of the numbers behind the name of the process: utime, stime, cutime, cstime. */
const FIRST_TIME = 11;

export function processCost(pid: number): ProcessCost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(FIRST_TIME, FIRST_TIME + 4)
    .reduce((sum, time) => sum + Number(time), 0);
  const peakKilobytes = Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { cpuMicroseconds: (ticks / TICKS_PER_SECOND) * 1e6, peakMegabytes: peakKilobytes / 1024 };
}
