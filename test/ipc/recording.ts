import type { RpcMessage } from '../../src/ipc/wire/rpc-message.js';
import type { CloseReason, ConnectFailure, Transport, TransportConnection, TransportStream } from '../../src/ipc/transport.js';

/** One call to a listener. `stream` is the name the test gave it. */
export type Told =
  | { readonly what: 'open' }
  | { readonly what: 'message'; readonly message: RpcMessage }
  | { readonly what: 'connect-failure'; readonly failure: ConnectFailure }
  | { readonly what: 'close'; readonly reason: CloseReason }
  | { readonly what: 'stream-message'; readonly stream: string; readonly message: RpcMessage }
  | { readonly what: 'stream-end'; readonly stream: string };

/** A connection with all its listeners were told, in order. */
export interface Recording {
  readonly connection: TransportConnection;
  readonly told: readonly Told[];
  /** Resolves with the first call, by now or later, that fits; fails if the connection is over and none did. */
  readonly until: (fits: (told: Told) => boolean) => Promise<Told>;
  /** Resolves when the connection has been made. */
  readonly opened: () => Promise<void>;
  /** Resolves with why the connection ended or could not be made. */
  readonly over: () => Promise<Told>;
  /** Opens a stream whose listener is recorded under the name. `onMessage` runs within the call. */
  readonly open: (name: string, payload?: string, onMessage?: (message: RpcMessage, stream: TransportStream) => void) => TransportStream;
  /** Names of the calls, short enough to compare. */
  readonly names: () => string[];
}

const isOver = ({ what }: Told): boolean => what === 'close' || what === 'connect-failure';

/** Connects and records. */
export function record(transport: Transport, path: string): Recording {
  const told: Told[] = [];
  const waiters = new Set<() => void>();
  const tell = (one: Told): void => {
    told.push(one);
    for (const waiter of waiters) waiter();
  };
  const connection = transport.connect(path, {
    onOpen: () => {
      tell({ what: 'open' });
    },
    onMessage: message => {
      tell({ what: 'message', message });
    },
    onConnectFailure: failure => {
      tell({ what: 'connect-failure', failure });
    },
    onClose: reason => {
      tell({ what: 'close', reason });
    },
  });
  const until: Recording['until'] = fits =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = told.find(fits);
        if (found !== undefined) resolve(found);
        else if (told.some(isOver)) reject(new Error(`over without it: ${JSON.stringify(told.slice(-5))}`));
        else return;
        waiters.delete(look);
      };
      waiters.add(look);
      look();
    });
  return {
    connection,
    told,
    until,
    opened: async () => {
      await until(({ what }) => what === 'open');
    },
    over: () => until(isOver),
    open: (name, payload = '{}', onMessage = () => undefined) => {
      const stream: TransportStream = connection.openStream(`test#${name}`, payload, {
        onMessage: message => {
          tell({ what: 'stream-message', stream: name, message });
          onMessage(message, stream);
        },
        onEnd: () => {
          tell({ what: 'stream-end', stream: name });
        },
      });
      return stream;
    },
    names: () => told.map(one => ('stream' in one ? `${one.what} ${one.stream}` : one.what)),
  };
}
