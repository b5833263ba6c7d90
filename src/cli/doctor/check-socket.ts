import { accessSync, constants, statSync } from 'node:fs';
import type { Finding } from './finding.js';

/** What a Unix domain socket's address has room for, in bytes, without the closing NUL. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;

/** The socket's file: whether it is there, a socket, short enough and open to this user. Stops at the first thing that is wrong. */
export function checkSocket(path: string): Finding {
  const wrong = (message: string, remedy: string): Finding => ({ check: 'socket', status: 'error', message, remedy });
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH)
    return wrong(
      `The path ${path} has ${String(length)} bytes, and a socket's address takes ${String(LONGEST_PATH)}.`,
      'Use a path relative to the working folder, or a symbolic link in a shorter place.',
    );
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return wrong(`There is no file ${path}.`, missingRemedy(path));
  if (!stat.isSocket()) return wrong(`${path} is not a socket.`, 'Point to the ipc.socket of the nucleus.');
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    return wrong(
      `This user may not open ${path}: its mode is ${mode}, its owner has the id ${String(stat.uid)}.`,
      'Run as the user that the nucleus runs components as (ggc_user by default).',
    );
  }
  return { check: 'socket', status: 'ok', message: `${path} is a socket that this user may open (mode ${mode})` };
}

function missingRemedy(path: string): string {
  return path.startsWith('/')
    ? 'Start the nucleus, or correct the path.'
    : "A relative path holds for the component's own work folder: run it from there.";
}
