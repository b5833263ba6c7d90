/**
 * The server every client is measured against, in a process of its own: accepts every token, acknowledges every publish
 * at once and floods subscriptions on demand. `node main.js SOCKET_PATH`, as a child with an IPC channel.
 */
import { createServer } from 'node:net';
import { type ClientReport, Clients } from './clients.js';

/** What the server tells its parent: that it listens, and then, whenever it is asked, of the client that has just gone. */
export type ServerNews = { readonly listening: true } | { readonly gone: ClientReport };
/** What it is asked. */
export type ServerQuestion = 'who has gone?';

const tell = (news: ServerNews): unknown => process.send?.(news);

const [, , socketPath] = process.argv;
const clients = new Clients();
createServer(socket => clients.serve(socket)).listen(socketPath, () => tell({ listening: true }));
process.on('message', () => void clients.report().then(gone => tell({ gone })));
process.on('disconnect', () => process.exit());
