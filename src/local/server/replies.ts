import { MessageFlag, MessageType } from '../../ipc/wire/rpc-message.js';
import { faultOperation, type FaultSwitches } from '../faults/fault-switches.js';
import { HeaderTemplate, type HeaderOrder } from './header-template.js';
import type { Peer } from './protocol.js';

const JSON_TYPE = 'application/json';

/** Headers of a reply or event of this shape. */
export function shapeHeaders(shape: string, terminates: boolean, order: HeaderOrder): HeaderTemplate {
  return new HeaderTemplate(
    {
      type: MessageType.ApplicationMessage,
      flags: terminates ? MessageFlag.TerminateStream : 0,
      contentType: JSON_TYPE,
      modelType: `aws.greengrass#${shape}`,
    },
    order,
  );
}

/** Headers of an error, which always ends its stream. Both servers send the same. */
export function errorHeaders(code: string, order: HeaderOrder): HeaderTemplate {
  return new HeaderTemplate(
    {
      type: MessageType.ApplicationError,
      flags: MessageFlag.TerminateStream,
      contentType: JSON_TYPE,
      modelType: `aws.greengrass#${code}`,
    },
    order,
  );
}

/** The empty message that ends a stream from the server's side. */
export const terminateHeaders: HeaderTemplate = new HeaderTemplate(
  {
    type: MessageType.ApplicationMessage,
    flags: MessageFlag.TerminateStream,
  },
  'content last',
);

/** Sends a reply now, unless a fault swallows it, keeps it for later or drops the connection instead. */
export function passReplyFaults(peer: Peer, faults: FaultSwitches, operation: string, component: string, send: () => void): void {
  const about = faultOperation(operation);
  if (about === undefined) {
    send();
    return;
  }
  if (faults.noReply[about].strike(component) !== undefined) return;
  if (faults.dropBeforeReply[about].strike(component) !== undefined) {
    peer.destroy();
    return;
  }
  const withheld = faults.withholdReply[about].strike(component);
  if (withheld === undefined) send();
  else withheld.parameter.hold(send);
}
