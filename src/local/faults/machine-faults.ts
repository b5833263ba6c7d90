import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { isNamedPipe } from '../../shared/socket-path.js';
import type { Broker } from '../broker/broker.js';
import type { IpcServer } from '../server/ipc-server.js';
import type { Link, ProfileServer } from '../server/protocol.js';
import type { FaultSwitches } from './fault-switches.js';
import type { FaultSubject } from './fault-table.js';

/** The parts of a nucleus on this machine that faults act on. */
export interface FaultTargets {
  readonly switches: FaultSwitches;
  readonly server: () => IpcServer;
  readonly profile: () => ProfileServer;
  readonly link: Link;
  readonly broker: Broker;
  readonly restart: () => Promise<void>;
}

/** Begins a fault and gives what puts it right; each takes a moment. */
type Begin = () => Promise<() => Promise<void>>;

async function nucleusDown({ server, profile }: FaultTargets): ReturnType<Begin> {
  const listen = await server().die();
  profile().reset();
  return listen;
}

async function fullBacklog({ server }: FaultTargets): ReturnType<Begin> {
  if (isNamedPipe(server().path)) throw new Error('A named pipe has no backlog that could be full. Hide it instead: removeSocketFile.');
  const putBack = await server().hideSocketFile();
  const empty = await fillBacklog(server().path);
  return async () => {
    await empty();
    await putBack();
  };
}

/** Begun once, by however many, and put right when the last of them has taken it back. */
function shared(begin: Begin): Begin {
  let holders = 0;
  let begun: ReturnType<Begin> | undefined;
  return async () => {
    holders++;
    const leave = async (undo: () => Promise<void>): Promise<void> => {
      if (--holders > 0) return;
      begun = undefined;
      await undo();
    };
    begun ??= begin();
    try {
      const undo = await begun;
      return () => leave(undo);
    } catch (error) {
      await leave(() => Promise.resolve());
      throw error;
    }
  };
}

/** What faults act on, on a machine, where these take a moment. */
export interface MachineSubject extends FaultSubject {
  readonly nucleusDown: Begin;
  readonly removeSocketFile: Begin;
  readonly fullBacklog: Begin;
  readonly brokerDown: Begin;
}

/** A nucleus on this machine, as the table of faults sees it. */
export function subjectOf(targets: FaultTargets): MachineSubject {
  const { switches, profile, link, server, broker, restart } = targets;
  return {
    switches,
    profile,
    link,
    restart,
    dropConnections: component => void server().destroyConnections(component),
    resumeConnections: () => {
      for (const { outgoing } of server().connections) outgoing.resume();
    },
    freeze: () => server().freeze(),
    nucleusDown: shared(() => nucleusDown(targets)),
    removeSocketFile: shared(() => server().hideSocketFile()),
    fullBacklog: shared(() => fullBacklog(targets)),
    brokerDown: shared(async () => {
      await broker.setDown(true);
      return () => broker.setDown(false);
    }),
  };
}

/** Listens, says so, and then sleeps until it is woken. Meanwhile whoever connects waits in the kernel's queue, which has room for two. */
const SLEEPER = `
const { createServer } = require('node:net');
const { workerData, parentPort } = require('node:worker_threads');
const server = createServer((socket) => socket.destroy());
server.listen({ path: workerData.path, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  Atomics.wait(new Int32Array(workerData.wake), 0, 0);
  server.close();
});
`;

/** More than a backlog of one holds. */
const ENOUGH = 8;

/**
 * Listens at a path with a full backlog, for real: a thread that listens and never accepts, and connections that fill its
 * queue. Resolves when the next one is refused with `EAGAIN`; the result ends it and frees the path.
 */
async function fillBacklog(path: string): Promise<() => Promise<void>> {
  const wake = new SharedArrayBuffer(4);
  const worker = new Worker(SLEEPER, { eval: true, workerData: { path, wake } });
  await once(worker, 'message');
  const waiting: Socket[] = [];
  for (let i = 0; i < ENOUGH; i++) {
    const socket = connect(path);
    waiting.push(socket);
    if (!(await connects(socket))) break;
  }
  return async () => {
    const exited = once(worker, 'exit');
    Atomics.store(new Int32Array(wake), 0, 1);
    Atomics.notify(new Int32Array(wake), 0);
    for (const socket of waiting) socket.destroy();
    await exited;
  };
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise(resolve => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
