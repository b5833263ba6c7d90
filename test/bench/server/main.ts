/**
 * The server every client is measured against, in a process of its own: accepts every token, acknowledges every publish
 * at once and floods subscriptions on demand. `node main.js SOCKET_PATH`, as a child with an IPC channel.
 */
import { createServer } from 'node:net';
import { serve, type ConnectionReport } from './connection.js';

/** What the server tells its parent: that it listens, and then once for every connection that has ended. */
export type ServerNews = { readonly listening: true } | { readonly ended: ConnectionReport };

const tell = (news: ServerNews): unknown => process.send?.(news);

const [, , socketPath] = process.argv;
createServer(socket => serve(socket, report => tell({ ended: report }))).listen(socketPath, () => tell({ listening: true }));
process.on('disconnect', () => process.exit());
