import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeWithSqlite } from '../../../scripts/node-binary.js';
import type { JobOf, MeasureName, ResultOf } from './index.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** For what hangs, in milliseconds: on a busy machine a case takes many times its nine seconds at most. */
const TIME_LIMIT = 600_000;
/** They need `node:sqlite` and what a single thread has used of the processor, and run under a Node that has both. */
const WITH_SQLITE: readonly MeasureName[] = ['outboxStoring', 'bareSqlite', 'fillOutbox', 'outboxLife'];

/**
 * Runs a measurement in a child process. Rejects if it fails, says nothing, or does not end by itself. `execArgv` is for
 * profiling.
 */
export function runMeasure<M extends MeasureName>(measure: M, job: JobOf<M>, execArgv: readonly string[]): Promise<ResultOf<M>> {
  return new Promise((resolve, reject) => {
    // aws-crt announces that it will want a newer Node.
    const child = fork(MAIN, [], {
      ...(WITH_SQLITE.includes(measure) ? { execPath: nodeWithSqlite('threadCpuUsage' in process) } : {}),
      execArgv: ['--disable-warning=NodeDeprecationWarning', '--disable-warning=ExperimentalWarning', ...execArgv],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT);
    let result: ResultOf<M> | undefined;
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('message', message => (result = message as ResultOf<M>));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`${measure} of ${JSON.stringify(job)} ended with ${code ?? signal ?? 'nothing'}\n${errors}`));
    });
    child.send({ measure, job });
  });
}
