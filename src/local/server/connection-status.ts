import type { HeaderTemplate } from './header-template.js';
import type { Link } from './link.js';
import type { Peer } from './protocol.js';

/**
 * `SubscribeToIoTCoreConnectionStatus`: the answer, the status now, and each change until the result is called. No policy
 * guards it.
 *
 * Source: Greengrass Lite, pull request 1157.
 */
export function followConnectionStatus(peer: Peer, link: Link, streamId: number, reply: HeaderTemplate, event: HeaderTemplate): () => void {
  const send = (up: boolean): void => {
    peer.send(event.frame(streamId, `{"connectionStatusEvent":{"status":"${up ? 'CONNECTED' : 'DISCONNECTED'}"}}`), true);
  };
  peer.send(reply.frame(streamId, '{}'), false);
  send(link.isUp);
  return link.onChange(send);
}
