import type { BrokerChoice } from '../../local/broker/address.js';
import { UsageError } from '../cli-error.js';

/** Which broker is behind the nucleus. */
export interface BrokerFlags {
  readonly broker?: string | undefined;
  readonly iotCore?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly thingName: string;
  readonly mqttPort?: number | undefined;
}

export function brokerChoice({ broker, iotCore, ca, cert, key, thingName, mqttPort }: BrokerFlags): BrokerChoice | undefined {
  if (mqttPort !== undefined && (broker ?? iotCore) !== undefined)
    throw new UsageError('--mqtt-port is the port of the embedded broker.', 'With --broker the port stands in the URL.');
  if (iotCore !== undefined) {
    if (broker !== undefined) throw new UsageError('--broker and --iot-core exclude each other.', 'Give the one that is meant.');
    if (cert === undefined || key === undefined)
      throw new UsageError('AWS IoT Core lets nobody in without a certificate.', 'Give those of the thing with --cert and --key.');
    return { endpoint: iotCore, thingName, certificate: cert, privateKey: key, rootCa: ca };
  }
  if (broker !== undefined) return { url: broker, ca, certificate: cert, privateKey: key };
  if (ca ?? cert ?? key) throw new UsageError('--ca, --cert and --key are for --broker or --iot-core.', 'The embedded broker needs none.');
  return undefined;
}
