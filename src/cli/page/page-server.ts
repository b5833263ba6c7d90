import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as t from 'io-ts';
import { asyncScheduler, type Subscription } from 'rxjs';
import { every } from '../../schedule/clock.js';
import { messageOf } from '../../shared/visible.js';
import { CliError } from '../cli-error.js';
import { PACKAGE_FOLDER, readJson } from '../cli.js';
import type { PageModel } from './page-model.js';
import type { PageAction, PageAnswer, PageUpdate } from './page-state.js';

/** From one update to the next, in milliseconds. */
const UPDATE_EVERY = 250;
/** Bytes of a request's body: a payload of IoT Core has at most an eighth of it. */
const MAX_BODY = 1024 * 1024;
/** Pages that are open at once. */
const MAX_PAGES = 16;
/** Connections at once: those of the pages, and what browsers ask for beside. */
const MAX_CONNECTIONS = 128;
/** Bytes that a page may leave unread before it misses updates. Afterwards it gets the whole state. */
const MAX_UNREAD = 4 * 1024 * 1024;

/** The files of the page, by the path they are served at. */
type PageFiles = Readonly<Record<string, readonly [file: string, type: string]>>;

const FILES: PageFiles = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
};

/** Nothing from outside, no script that is not the page's own, in no frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const Action: t.Type<PageAction, unknown> = t.union([
  t.type({ do: t.literal('fault'), fault: t.string }),
  t.type({ do: t.literal('publish'), topicName: t.string, payload: t.string, isLocal: t.boolean }),
  t.type({ do: t.literal('restart') }),
  t.type({ do: t.literal('marble test') }),
]);

/** The page of `dev --ui`, served on loopback until it is disposed of. */
export interface PageServer extends AsyncDisposable {
  /** With the token, behind the #, so that it is in no request and no log. Who has the token may act; everybody else may only look. */
  readonly url: string;
}

interface PageServerOptions {
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Where the files of the page are. Default: in the package. */
  readonly folder?: URL | undefined;
  readonly files?: PageFiles | undefined;
}

/** Serves the page. */
export async function servePage(
  model: PageModel,
  act: (action: PageAction) => Promise<PageAnswer>,
  { port = 0, folder = new URL('dist/page/', PACKAGE_FOLDER), files: served = FILES }: PageServerOptions = {},
): Promise<PageServer> {
  const token = randomBytes(24).toString('base64url');
  const files = new Map(
    await Promise.all(
      Object.entries(served).map(async ([path, [file, type]]) => {
        const bytes = await readFile(new URL(file, folder)).catch((cause: unknown) => {
          throw new CliError('The page is not part of this build of greengrass-rx.', {
            cause,
            remedies: ['Build it with npm run build:page.'],
          });
        });
        return [path, { bytes, type }] as const;
      }),
    ),
  );
  const pages = new Set<OpenPage>();
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    replyTo(request).then(
      reply => {
        if (reply === 'events') open(response, pages, model);
        else end(response, reply);
      },
      () => response.destroy(),
    );
  });

  const replyTo = async (request: IncomingMessage): Promise<Reply | 'events'> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page');
    // A name that leads to this machine is another site's, which must not look in through the browser of somebody here.
    if (!isOwnHost(request.headers.host, server)) return { status: 403, type: 'text/plain', body: 'This page is at 127.0.0.1.' };
    const file = files.get(pathname);
    if (request.method === 'GET' && file !== undefined) return { status: 200, type: file.type, body: file.bytes };
    if (request.method === 'GET' && pathname === '/events') return 'events';
    if (request.method === 'GET' && pathname === '/message') {
      const message = model.message(Number(searchParams.get('id')));
      return json(message === undefined ? 404 : 200, message ?? null);
    }
    if (request.method === 'POST' && pathname === '/act') {
      if (!isToken(request.headers.authorization, token)) return json(401, NO_TOKEN);
      const body = await bodyOf(request);
      const action = body === undefined ? undefined : readJson(Action, body);
      const done = action === undefined ? NONSENSE : await acted(action, act);
      return json('done' in done ? 200 : 400, done);
    }
    return { status: 404, type: 'text/plain', body: 'There is nothing here.' };
  };

  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause: unknown) => {
    throw new CliError(`The page could not be served: ${messageOf(cause)}.`, { cause });
  });
  // What fails later is one connection that could not be accepted; the server goes on.
  server.on('error', () => undefined);
  const updates = tellAll(model, pages);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/#${token}`,
    [Symbol.asyncDispose]: async () => {
      updates.unsubscribe();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const NONSENSE: PageAnswer = { problem: 'this is nothing that the page can ask for' };
const NO_TOKEN: PageAnswer = { problem: 'only who has the address with its token, which dev prints, may do something' };

function isOwnHost(host: string | undefined, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

function isToken(authorization: string | undefined, token: string): boolean {
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

function end(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

/** A page that somebody has open. */
interface OpenPage {
  readonly response: ServerResponse;
  /** Whether it has missed an update. */
  isBehind: boolean;
}

/** A stream of events that begins with all there is to know. */
function open(response: ServerResponse, pages: Set<OpenPage>, model: PageModel): void {
  if (pages.size >= MAX_PAGES) return end(response, { status: 503, type: 'text/plain', body: `${MAX_PAGES} pages are open.` });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(asEvent(model.whole()));
  const page: OpenPage = { response, isBehind: false };
  pages.add(page);
  response.on('close', () => pages.delete(page));
}

function tellAll(model: PageModel, pages: ReadonlySet<OpenPage>): Subscription {
  return every(UPDATE_EVERY, asyncScheduler).subscribe(() => {
    // Also where nobody looks: what is kept for who will is sampled by it.
    const update = model.next();
    if (pages.size === 0) return;
    const event = asEvent(update);
    for (const page of pages) {
      const isBehind = page.response.writableLength >= MAX_UNREAD;
      if (!isBehind) page.response.write(page.isBehind ? asEvent(model.whole()) : event);
      page.isBehind = isBehind;
    }
  });
}

function asEvent(update: PageUpdate): string {
  return `data: ${JSON.stringify(update)}\n\n`;
}

async function acted(action: PageAction, act: (action: PageAction) => Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await act(action);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** `undefined`: it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
