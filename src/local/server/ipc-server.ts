import { once } from 'node:events';
import { chmod, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, win32 } from 'node:path';
import { isNamedPipe } from '../../shared/socket-path.js';
import { ClientConnection, type ConnectionContext } from './client-connection.js';
import type { ProfileServer } from './protocol.js';

/** How many may be connected. */
interface ServerLimits {
  readonly connections: number;
  /**
   * `refuse` one more, as Lite does; or, on classic, which has no such limit, `makeRoom` by cutting the oldest that has not shown a token:
   * clients that connect and say nothing must not keep the others out.
   */
  readonly whenFull: 'refuse' | 'makeRoom';
}

/** The listening Unix domain socket, or named pipe, and the connections on it. */
export class IpcServer {
  readonly path: string;
  readonly #context: ConnectionContext;
  readonly #profile: ProfileServer;
  readonly #limits: ServerLimits;
  readonly #connections = new Set<ClientConnection>();
  readonly #onIdle: (() => void)[] = [];
  #server: Server | undefined;
  /** Who holds up all others now. */
  #blocker: ClientConnection | undefined;
  /** How many faults keep it frozen. */
  #freezes = 0;
  #nextId = 1;
  /** A pipe that is hidden: who connects to it is sent away. */
  #isHidden = false;

  constructor(path: string, profile: ProfileServer, context: ConnectionContext, limits: ServerLimits) {
    this.path = path;
    this.#profile = profile;
    this.#context = context;
    this.#limits = limits;
  }

  /** A pipe is no file: it goes with the server, and cannot be moved out of its place. */
  get #isPipe(): boolean {
    return isNamedPipe(this.path);
  }

  get connections(): ReadonlySet<ClientConnection> {
    return this.#connections;
  }

  async listen(): Promise<void> {
    const server = createServer(socket => {
      // One too many is cut before it has said anything; Lite does the same, and its client sees a reset.
      if (this.#isHidden || (this.#connections.size >= this.#limits.connections && !this.#makeRoom())) {
        socket.on('error', () => undefined);
        socket.destroy();
        return;
      }
      const connection: ClientConnection = new ClientConnection(
        this.#nextId++,
        socket,
        this.#profile,
        this.#context,
        () => {
          this.#connections.delete(connection);
          if (this.#connections.size === 0) for (const done of this.#onIdle.splice(0)) done();
        },
        this.#onStall,
      );
      this.#connections.add(connection);
      if (this.#freezes > 0) connection.freeze(true);
    });
    server.listen(this.path);
    await once(server, 'listening');
    // What fails later is one connection that could not be accepted (no file descriptors left); the server goes on.
    server.on('error', () => undefined);
    if (!this.#isPipe) await chmod(this.path, 0o600);
    this.#server = server;
  }

  /** Stops listening, which removes the socket file, and destroys all connections. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const stopped = new Promise<void>(resolve => {
      if (server === undefined) resolve();
      else {
        server.close(() => {
          resolve();
        });
      }
    });
    await Promise.all([stopped, this.destroyConnections()]);
  }

  /** Destroys the connections there are, of one component or of all. Resolves when they are gone. */
  async destroyConnections(component?: string): Promise<void> {
    for (const connection of [...this.#connections])
      if (component === undefined || connection.component === component) connection.destroy();
    if (component === undefined && this.#connections.size > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle.push(resolve);
      });
    }
  }

  #makeRoom(): boolean {
    if (this.#limits.whenFull === 'refuse') return false;
    for (const connection of this.#connections) {
      if (connection.component !== undefined) continue;
      connection.destroy();
      // Its 'close' comes later, and room is needed now.
      return this.#connections.delete(connection);
    }
    return false;
  }

  /** On Lite one thread serves all: given the fault, nobody else is served while it waits for a client to read. */
  readonly #onStall = (who: ClientConnection, stalled: boolean): void => {
    if (stalled && this.#blocker === undefined && this.#context.faults.slowReaderBlocksAll.strike(who.component) !== undefined)
      this.#blocker = who;
    else if (stalled || this.#blocker !== who) return;
    else this.#blocker = undefined;
    this.#holdOrLetGo();
  };

  #holdOrLetGo(): void {
    for (const connection of this.#connections)
      connection.freeze(this.#freezes > 0 || (this.#blocker !== undefined && connection !== this.#blocker));
  }

  /** Reads and writes nothing any more, for connections to come too, until the result is called. */
  freeze(): () => void {
    this.#freezes++;
    this.#holdOrLetGo();
    return () => {
      this.#freezes--;
      this.#holdOrLetGo();
    };
  }

  /** Ends as a killed process does: nobody listens, and the socket file stays where it is. The result makes it listen again. */
  async die(): Promise<() => Promise<void>> {
    if (this.#isPipe) {
      await this.close();
      return () => this.listen();
    }
    const kept = `${this.path}.kept`;
    // Closing removes the file; what is elsewhere meanwhile it does not find.
    await rename(this.path, kept);
    await this.close();
    await rename(kept, this.path);
    return async () => {
      await rm(this.path, { force: true });
      await this.listen();
    };
  }

  /** Takes the socket file out of its place. Who is connected stays so; the file can be put back. */
  async hideSocketFile(): Promise<() => Promise<void>> {
    if (this.#isPipe) {
      // A second pipe of that name cannot be made while somebody is connected to the first.
      this.#isHidden = true;
      return () => {
        this.#isHidden = false;
        return Promise.resolve();
      };
    }
    const hidden = `${this.path}.gone`;
    await rename(this.path, hidden);
    return () => rename(hidden, this.path);
  }
}

const SOCKET_NAME = 'ipc.socket';

/** Where the nucleus of a folder listens: at a socket in it, or on Windows at a pipe of its name. */
export function socketIn(folder: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? `\\\\.\\pipe\\${win32.basename(folder)}` : join(folder, SOCKET_NAME);
}

/** The folder of the nucleus that listens there. */
export function folderOfSocket(path: string): string {
  return isNamedPipe(path) ? join(tmpdir(), win32.basename(path)) : dirname(path);
}

/** The folder of a nucleus: its process, and six random letters. */
const FOLDER = /^ggrx-(\d+)-[A-Za-z0-9]{6}$/;
/** A folder younger than this is left alone: who made it may not listen yet. */
const YOUNG = 60_000;
/** Folders looked at in one start. */
const MAX_FOLDERS = 256;

/**
 * Makes a fresh folder for the socket, with mode 0700 and the process' id in its name; and removes those that nuclei left behind
 * which were killed and could not clean up.
 */
export async function makeSocketFolder(parent: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, `ggrx-${process.pid}-`));
  // Only tidying up: where it cannot be done, somebody else will.
  await removeAbandoned(parent, folder).catch(() => undefined);
  return folder;
}

async function removeAbandoned(parent: string, own: string): Promise<void> {
  // What is young is told by the file system's clock, which is not always this machine's.
  const { mtimeMs: now, uid } = await lstat(own);
  const names = (await readdir(parent)).filter(name => FOLDER.test(name)).slice(0, MAX_FOLDERS);
  for (const name of names) {
    const folder = join(parent, name);
    const pid = Number(FOLDER.exec(name)?.[1]);
    if (isAlive(pid)) continue;
    const stats = await lstat(folder).catch(() => undefined);
    if (stats?.isDirectory() !== true || stats.uid !== uid || now - stats.mtimeMs < YOUNG) continue;
    // In another container its process has another number, or none that is seen here: then its socket answers.
    if (!(await answers(socketIn(folder)))) await rm(folder, { recursive: true, force: true });
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
