import { BlockList, isIP } from 'node:net';
import type { Clock } from '../../shared/clock.js';
import { type BrokerAddress, type BrokerChoice, type EmbeddedBrokerChoice, iotCoreAddress, urlBrokerAddress } from './address.js';
import type { Broker, BrokerListener } from './broker.js';
import { EmbeddedBroker, type DeviceMqtt } from './embedded-broker.js';
import { RemoteBroker } from './remote-broker.js';

/** A broker choice that has been checked: the embedded one with its interface, or where the other is. */
type BrokerPlan =
  | { readonly kind: 'embedded'; readonly host: string; readonly port: number }
  | { readonly kind: 'remote'; readonly address: BrokerAddress };

/** Checks a choice before anything is started. Throws where it cannot be meant. */
export function planBroker(choice: BrokerChoice = 'embedded', port?: number): BrokerPlan {
  if (choice === 'embedded') return planEmbedded({}, port);
  if ('url' in choice) return { kind: 'remote', address: urlBrokerAddress(choice) };
  if ('endpoint' in choice) return { kind: 'remote', address: iotCoreAddress(choice) };
  return planEmbedded(choice, port);
}

function planEmbedded(choice: EmbeddedBrokerChoice, port: number | undefined): BrokerPlan {
  const { host = '127.0.0.1', exposeToNetwork = false } = choice;
  if (!exposeToNetwork && !isLoopback(host)) {
    throw new RangeError(
      `The embedded broker asks nobody for a password, and ${host} can be reached from other machines. Give exposeToNetwork: true if everyone who reaches it may read and write every topic; else leave the host out.`,
    );
  }
  return { kind: 'embedded', host, port: choice.port ?? port ?? 0 };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const family = isIP(host);
  // Any name but this one may mean another address by the time it is looked up.
  return family === 0 ? host === 'localhost' : LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Starts the broker. Rejects with a `BrokerStartError`. That a broker elsewhere is not reached is no such error: the device is offline
 * then.
 */
export function startBroker(plan: BrokerPlan, device: DeviceMqtt, clock: Clock, listener: BrokerListener): Promise<Broker> {
  return plan.kind === 'remote'
    ? RemoteBroker.start(plan.address, device, clock, listener)
    : EmbeddedBroker.start({ host: plan.host, port: plan.port, ...device, clock }, listener);
}
