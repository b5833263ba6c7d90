import type { BrokerAddress } from './broker-address.js';
import {
  BrokerConnectionLost,
  BrokerRefused,
  BrokerTlsFailed,
  BrokerUnreachable,
  type BrokerProblem,
  type UnreachableReason,
} from './broker-error.js';
import type { NativeAck, NativeReason } from './crt-mqtt.js';

const REASONS: Readonly<Record<string, UnreachableReason>> = {
  AWS_IO_SOCKET_CONNECTION_REFUSED: 'refused',
  AWS_IO_SOCKET_NO_ROUTE_TO_HOST: 'timeout',
  AWS_IO_SOCKET_NETWORK_DOWN: 'timeout',
  AWS_IO_SOCKET_TIMEOUT: 'timeout',
  AWS_IO_SOCKET_CLOSED: 'closed',
  AWS_ERROR_MQTT_UNEXPECTED_HANGUP: 'closed',
  AWS_ERROR_MQTT5_CONNACK_TIMEOUT: 'silent',
};

/** What a failed attempt to connect means, with the remedy. */
export function connectProblem({ url }: BrokerAddress, { name, text }: NativeReason, connack: NativeAck | undefined): BrokerProblem {
  const cause = withStack(new Error(text));
  if (connack !== undefined) return withStack(new BrokerRefused(url, connack.reasonCode, connack.reasonString, cause));
  if (name.includes('_TLS_')) return withStack(new BrokerTlsFailed(url, name, cause));
  const reason = name.includes('_DNS_') ? 'unknown-host' : (REASONS[name] ?? 'other');
  return withStack(new BrokerUnreachable(url, reason, cause));
}

/** What it means that a connection has ended. */
export function lossProblem({ url }: BrokerAddress, { name, text }: NativeReason, disconnect: NativeAck | undefined): BrokerProblem {
  const detail = disconnect === undefined ? name : `reason code ${String(disconnect.reasonCode)}`;
  return withStack(new BrokerConnectionLost(url, detail, withStack(new Error(text))));
}

/**
 * Writes an error's stack down. Until that is done V8 keeps the frames themselves, and in one of them the native client, which
 * could then not be freed after it has been closed and would keep the process alive.
 */
function withStack<E extends Error>(error: E): E {
  Reflect.get(error, 'stack');
  return error;
}
