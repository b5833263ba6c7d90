import { statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { watch } from 'chokidar';
import { debounceTime, firstValueFrom, from, map, merge, NEVER, Observable, Subject } from 'rxjs';
import { CliError } from '../cli-error.js';
import { aborted, type Stopping } from '../cli.js';
import { describeEnd, type DevLog, exitCodeOf, type ProcessEnd } from './dev-log.js';
import type { DevNucleus } from './dev-nucleus.js';
import { SupervisedProcess } from './supervised-process.js';
import { messageOf } from '../../shared/visible.js';

/** A component to run, and until when. */
interface Supervised {
  readonly component: string;
  readonly command: readonly [string, ...string[]];
  /** Read anew for every start. */
  readonly env: () => NodeJS.ProcessEnv;
  /** How long it may take to end, in milliseconds. */
  readonly grace: number;
  /** Paths of files as they change; `undefined`: it is not started again. */
  readonly changed$: Observable<string> | undefined;
  /** Emits when it is to be started again. */
  readonly restart$: Observable<unknown>;
  /** Whether it has connected to the nucleus, at any time. */
  readonly hasConnected: () => boolean;
  readonly log: DevLog;
  readonly stopping: Stopping;
}

/** A component's process under supervision. */
interface Supervision {
  /** What `dev` exits with. */
  readonly ended: Promise<number>;
  /** Kills what runs now, with all it has started. */
  readonly kill: () => void;
}

/**
 * Runs a component until it ends. Starts it again at `restart$`, and with `changed$` whenever a file has changed; with `changed$` it waits
 * for either after the component has ended. Passes a signal on to the component, and then ends.
 */
export function superviseComponent(supervised: Supervised): Supervision {
  let running: SupervisedProcess | undefined;
  const run = async (): Promise<number> => {
    for (;;) {
      running = start(supervised);
      const end = await untilEnd(running, supervised);
      running = undefined;
      if (end !== 'again') return exitCodeOf(end);
    }
  };
  return { ended: run(), kill: () => running?.kill() };
}

function start({ component, command, env, grace, log }: Supervised): SupervisedProcess {
  const running = new SupervisedProcess({
    command,
    env: env(),
    grace,
    onLine: stream => text => log.tellOutput({ kind: 'output', component, stream, text }),
    onKill: reason => log.tell({ kind: 'killed', component, reason }),
  });
  if (running.pid !== undefined) log.tell({ kind: 'started', component, pid: running.pid, command });
  return running;
}

/** How the process ended for good; or `again`. */
async function untilEnd(running: SupervisedProcess, supervised: Supervised): Promise<ProcessEnd | 'again'> {
  const { component, log, stopping, changed$, restart$ } = supervised;
  const stop$ = aborted(stopping.signal).pipe(map(() => 'stop' as const));
  const change$ = merge((changed$ ?? NEVER).pipe(map(path => ({ path }))), restart$.pipe(map(() => ({ path: undefined }))));
  const stop = async (signal: NodeJS.Signals): Promise<ProcessEnd> => {
    log.tell({ kind: 'stopping', component, signal });
    const end = await running.stop(signal);
    log.tell({ kind: 'exited', component, end });
    return end;
  };
  const first = await firstValueFrom(merge(from(running.ended), stop$, change$));
  if (first === 'stop') return stop(stopping.signalName ?? 'SIGTERM');
  if ('path' in first) {
    sayChange(first.path, log);
    await stop('SIGTERM');
    return stopping.signal.aborted ? running.ended : 'again';
  }
  if ('code' in first && first.code === 0 && !supervised.hasConnected()) log.tell({ kind: 'warning', component, text: UNCONNECTED });
  log.tell({ kind: 'exited', component, end: first });
  if (changed$ === undefined) return first;
  const then = await firstValueFrom(merge(stop$, change$));
  if (then === 'stop') return first;
  sayChange(then.path, log);
  return 'again';
}

/** Of a process that ended well and at once: most often its program only exports the component. */
const UNCONNECTED =
  'it ends without having connected to the nucleus. What only exports a component is run by greengrass-rx run, as in: greengrass-rx dev -- greengrass-rx run dist/component.js';

function sayChange(path: string | undefined, log: DevLog): void {
  if (path !== undefined) log.tell({ kind: 'changed', path: relative(process.cwd(), path) });
}

/** Editors and compilers write a file several times, and several files: changes this close together are one, in milliseconds. */
const SETTLE = 150;

const NEVER_WATCHED = /(^|[\\/])(node_modules|\.git)([\\/]|$)/;

/**
 * Emits the path of a file that has changed, once for changes close together. Watches folders with all that is in them, except for
 * `node_modules`, `.git` and what is excepted. Never completes. A change before `onReady` is called may be missed.
 */
export function changes(paths: readonly string[], onReady: () => void, except: readonly string[] = []): Observable<string> {
  const excepted = new Set(except.map(path => resolve(path)));
  return new Observable<string>(subscriber => {
    const watcher = watch([...paths], { ignoreInitial: true, ignored: path => NEVER_WATCHED.test(path) || excepted.has(resolve(path)) });
    watcher.once('ready', onReady);
    watcher.on('all', (_event, path) => subscriber.next(path));
    watcher.on('error', error => subscriber.error(asWatchError(error)));
    return () => void watcher.close();
  }).pipe(debounceTime(SETTLE));
}

/** What to watch for a command: the folders of the files it names, or the working folder. */
export function watchedFolders(command: readonly string[], directory: string): readonly string[] {
  const folders = command.slice(1).flatMap(word => {
    const path = resolve(directory, word);
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [stat.isDirectory() ? path : dirname(path)];
  });
  return folders.length > 0 ? [...new Set(folders)] : [directory];
}

function asWatchError(error: unknown): CliError {
  const message = messageOf(error);
  return new CliError(`The files could not be watched: ${message}.`, { cause: error, remedies: ['Watch fewer with --watch-path.'] });
}

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
    command: [command],
    shell: true,
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
