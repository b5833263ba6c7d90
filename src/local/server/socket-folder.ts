import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SOCKET_NAME = 'ipc.socket';

/** The folder of a nucleus: its process, and six random letters. */
const FOLDER = /^ggrx-(\d+)-[A-Za-z0-9]{6}$/;
/** A folder younger than this is left alone: who made it may not listen yet. */
const YOUNG = 60_000;
/** Folders looked at in one start. */
const AT_MOST = 256;

/**
 * Makes a fresh folder for the socket, with mode 0700 and the process' id in its name; and removes those that nuclei left behind
 * which were killed and could not clean up.
 */
export async function makeSocketFolder(parent: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, `ggrx-${String(process.pid)}-`));
  // Only tidying up: where it cannot be done, somebody else will.
  await removeAbandoned(parent, folder).catch(() => undefined);
  return folder;
}

async function removeAbandoned(parent: string, own: string): Promise<void> {
  // What is young is told by the file system's clock, which is not always this machine's.
  const { mtimeMs: now, uid } = await lstat(own);
  const names = (await readdir(parent)).filter(name => FOLDER.test(name)).slice(0, AT_MOST);
  for (const name of names) {
    const folder = join(parent, name);
    const pid = Number(FOLDER.exec(name)?.[1]);
    if (isAlive(pid)) continue;
    const stats = await lstat(folder).catch(() => undefined);
    if (stats?.isDirectory() !== true || stats.uid !== uid || now - stats.mtimeMs < YOUNG) continue;
    // In another container its process has another number, or none that is seen here: then its socket answers.
    if (!(await answers(join(folder, SOCKET_NAME)))) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}
