import { connect } from '../../client/connect.js';
import type { Capabilities } from '../../ports/mqtt-proxy.js';
import type { Address } from '../reach/reach.js';
import type { Finding } from './finding.js';

/** How long a nucleus may take to accept a connection, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;

type Transport = 'socket' | 'crt';

interface Attempt {
  readonly finding: Finding;
  readonly capabilities: Capabilities | undefined;
}

/** Connects over both transports with the same token, and compares what they find. Nothing is published or subscribed. */
export async function checkTransports(address: Address, hasCrt: boolean): Promise<readonly Finding[]> {
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
  const { profile, maxFrameBytes, publishWindow, mqtt5Members } = ready.right;
  const members = mqtt5Members ? 'MQTT 5 members are carried' : 'MQTT 5 members are not carried';
  const message = `connected to a ${profile} nucleus: frames of up to ${String(maxFrameBytes)} bytes, ${String(publishWindow)} publishes at once, ${members}`;
  return { finding: { check, status: 'ok', message }, capabilities: ready.right };
}
