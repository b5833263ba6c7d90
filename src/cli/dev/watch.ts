import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { watch } from 'chokidar';
import { CliError } from '../cli-error.js';
import { debounceTime, Observable } from 'rxjs';

/** Editors and compilers write a file several times, and several files: changes this close together are one, in milliseconds. */
const SETTLE = 150;

const NEVER_WATCHED = /(^|[\\/])(node_modules|\.git)([\\/]|$)/;

/**
 * Emits the path of a file that has changed, once for changes close together. Watches folders with all that is in them, except for
 * `node_modules`, `.git` and what is excepted. Never completes.
 */
export function changes(paths: readonly string[], except: readonly string[] = []): Observable<string> {
  const excepted = new Set(except.map(path => resolve(path)));
  return new Observable<string>(subscriber => {
    const watcher = watch([...paths], { ignoreInitial: true, ignored: path => NEVER_WATCHED.test(path) || excepted.has(resolve(path)) });
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
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(`The files could not be watched: ${message}.`, { cause: error, remedies: ['Watch fewer with --watch-path.'] });
}
