import { accessSync, constants, statSync } from 'node:fs';
import { connect } from '../../client/connect.js';
import { loadCrt } from '../../ipc/crt/crt-native.js';
import type { Capabilities } from '../../ports/mqtt-proxy.js';
import { isNamedPipe, tooLongForSocket } from '../../shared/socket-path.js';
import { packageVersion } from '../cli.js';
import type { Address } from '../reach/reach.js';

/** What one check of the doctor found. */
export interface CheckResult {
  /** What was looked at: `node`, `socket`, `transport crt`. */
  readonly check: string;
  /** `error`: a component could not work like this. `warning`: something will not. `skipped`: it could not be looked at. */
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly message: string;
  /** What to do about it; none where nothing is wrong. */
  readonly remedy?: string | undefined;
}

/** The oldest Node that the package runs on, as its package.json says. */
const OLDEST_NODE = [20, 19] as const;

export async function checkVersions(): Promise<readonly CheckResult[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  const node = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return [
    { check: 'version', status: 'ok', message: `greengrass-rx ${packageVersion()}` },
    isOld
      ? { check: 'node', status: 'error', message: `${node} is older than ${OLDEST_NODE.join('.')}.`, remedy: 'Install a newer Node.' }
      : { check: 'node', status: 'ok', message: node },
    await checkCrt(),
  ];
}

async function checkCrt(): Promise<CheckResult> {
  try {
    await loadCrt();
    return { check: 'aws-crt', status: 'ok', message: 'can be loaded, so the transport crt can be used' };
  } catch {
    return {
      check: 'aws-crt',
      status: 'warning',
      message:
        'cannot be loaded. The default transport does not need it; the transport crt does, and MQTT brokers other than the embedded one.',
      remedy: 'If you need it, npm install aws-crt. It has no binary for 32-bit ARM.',
    };
  }
}

/** The socket's file: whether it is there, a socket, short enough and open to this user. Stops at the first thing that is wrong. */
export function checkSocket(path: string): CheckResult {
  const wrong = (message: string, remedy: string): CheckResult => ({ check: 'socket', status: 'error', message, remedy });
  // A pipe is no file; whether somebody listens there, the transports find out.
  if (isNamedPipe(path)) return { check: 'socket', status: 'ok', message: `${path} is a named pipe` };
  const excess = tooLongForSocket(path);
  if (excess !== undefined)
    return wrong(
      `The path ${path} has ${excess.length} bytes, and a socket's address takes ${excess.limit}.`,
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
      `This user may not open ${path}: its mode is ${mode}, its owner has the id ${stat.uid}.`,
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

/** How long a nucleus may take to accept a connection, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;

type Transport = 'socket' | 'crt';

interface Attempt {
  readonly finding: CheckResult;
  readonly capabilities: Capabilities | undefined;
}

/** Connects over both transports with the same token, and compares what they find. Nothing is published or subscribed. */
export async function checkTransports(address: Address, hasCrt: boolean): Promise<readonly CheckResult[]> {
  const socket = await attempt('socket', address);
  if (!hasCrt) return [socket.finding, { check: 'transport crt', status: 'skipped', message: 'not looked at: aws-crt cannot be loaded' }];
  const crt = await attempt('crt', address);
  const findings = [socket.finding, crt.finding];
  if (socket.capabilities === undefined || crt.capabilities === undefined) return findings;
  if (socket.capabilities.profile === crt.capabilities.profile) return findings;
  return [
    ...findings,
    {
      check: 'transports',
      status: 'error',
      message: `The two find different nuclei at the same socket: ${socket.capabilities.profile} and ${crt.capabilities.profile}.`,
      remedy: 'Give connect() the profile, and report this with the version of the nucleus.',
    },
  ];
}

async function attempt(transport: Transport, { socketPath, authToken }: Address): Promise<Attempt> {
  const check = `transport ${transport}`;
  await using proxy = connect({ socketPath, authToken, transport, connectTimeout: CONNECT_TIMEOUT, refusalPatience: 0 });
  const ready = await proxy.ready()();
  if (ready._tag === 'Left') {
    // The sentence says what to do in its second half.
    const { message } = ready.left;
    return { finding: { check, status: 'error', message }, capabilities: undefined };
  }
  const { profile, maxFrameBytes, inFlight, mqtt5Members } = ready.right;
  const members = mqtt5Members ? 'MQTT 5 members are carried' : 'MQTT 5 members are not carried';
  const message = `connected to a ${profile} nucleus: frames of up to ${maxFrameBytes} bytes, ${inFlight} publishes at once, ${members}`;
  return { finding: { check, status: 'ok', message }, capabilities: ready.right };
}
