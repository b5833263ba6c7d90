import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

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

function resumeConnections({ server }: FaultTargets): void {
  for (const { outgoing } of server().connections) outgoing.resume();
}

async function brokerDown({ broker }: FaultTargets): Promise<() => Promise<void>> {
  await broker.setDown(true);
  return () => broker.setDown(false);
}

async function nucleusDown({ server, profile }: FaultTargets): Promise<() => Promise<void>> {
  const listen = await server().die();
  profile().reset();
  return listen;
}

async function fullBacklog({ server }: FaultTargets): Promise<() => Promise<void>> {
  const putBack = await server().hideSocketFile();
  const empty = await fillBacklog(server().path);
  return async () => {
    await empty();
    await putBack();
  };
}

/** Here these take a moment. */
export interface MachineSubject extends FaultSubject {
  readonly nucleusDown: () => Promise<() => Promise<void>>;
  readonly removeSocketFile: () => Promise<() => Promise<void>>;
  readonly fullBacklog: () => Promise<() => Promise<void>>;
  readonly brokerDown: () => Promise<() => Promise<void>>;
}

/** A nucleus on this machine, as the table of faults sees it. */
export function subjectOf(targets: FaultTargets): MachineSubject {
  const { switches, profile, link, server, restart } = targets;
  return {
    switches,
    profile,
    link,
    restart,
    dropConnections: component => void server().destroyConnections(component),
    resumeConnections: () => {
      resumeConnections(targets);
    },
    freeze: () => server().freeze(),
    nucleusDown: () => nucleusDown(targets),
    removeSocketFile: () => server().hideSocketFile(),
    fullBacklog: () => fullBacklog(targets),
    brokerDown: () => brokerDown(targets),
  };
}

/** Listens, says so, and then sleeps until it is woken: whoever connects waits in the kernel's queue, which takes two. */
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
