import { basename, join } from 'node:path';
import { IS_WINDOWS } from '../process/platform.js';

/** Where a server of a test's own can listen: at a socket in this folder, or on Windows at the named pipe that has its name. */
export function socketPathIn(folder: string): string {
  return IS_WINDOWS ? `\\\\.\\pipe\\${basename(folder)}` : join(folder, 'ipc.socket');
}
