import { firstValueFrom, from, map, merge, Subject } from 'rxjs';
import { CliError } from '../cli-error.js';
import { aborted, type Stopping } from '../cli.js';
import { SupervisedProcess } from './supervised-process.js';
import type { DevNucleus } from './dev-nucleus.js';
import { describeEnd, type DevLog } from './dev-log.js';

/** What a compiler says when all is compiled and it waits for the next change: tsc, esbuild, swc, rollup and rolldown. */
const IS_READY = /\bwatching\b|\bwaiting for (file )?changes\b/i;
/** What the log calls it. */
const COMPILER = 'compile';
/** How long it may take to end, in milliseconds. */
const GRACE = 2_000;

/**
 * Runs a compiler that goes on compiling what is saved, until it is disposed of. Resolves when it has compiled all there is: what it writes
 * from then on are changes.
 *
 * @param command for the shell.
 */
export async function startCompiler(
  command: string,
  log: DevLog,
  stopping: Stopping,
  onProcessEnd: DevNucleus['onProcessEnd'],
): Promise<AsyncDisposable> {
  const ready$ = new Subject<'ready'>();
  const compiler = new SupervisedProcess({
    command: ['sh', '-c', command],
    env: process.env,
    grace: GRACE,
    onLine: stream => text => {
      if (IS_READY.test(text)) ready$.next('ready');
      if (text.trim() === '') return undefined;
      return log.tellOutput({ kind: 'output', component: COMPILER, stream, text });
    },
    onKill: reason => log.tell({ kind: 'killed', component: COMPILER, reason }),
  });
  onProcessEnd(compiler.kill);
  const first = await firstValueFrom(merge(ready$, from(compiler.ended), aborted(stopping.signal).pipe(map(() => 'stop' as const))));
  if (typeof first === 'object')
    throw new CliError(`The command of --compile ${describeEnd(first)} before it had compiled anything.`, {
      remedies: [`Give one that goes on, such as --compile 'tsc --watch'. It was: ${command}`],
    });
  return {
    [Symbol.asyncDispose]: async () => {
      await compiler.stop('SIGTERM');
    },
  };
}
