import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PageModel } from '../../../src/cli/page/page-model.js';
import { type PageServer, servePage } from '../../../src/cli/page/page-server.js';
import type { PageAction, PageAnswer, PageUpdate } from '../../../src/cli/page/page-state.js';

const BUILT = new URL('../../../page/', import.meta.url);

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** By hand, because `fetch` lets nobody choose the name of the host. */
function ask(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const asking = request(url, rest, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: text, headers: response.headers }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

async function served(act: (action: PageAction) => Promise<PageAnswer> = () => Promise.resolve({ done: 'yes' }), configuration = '{}') {
  const described = new EventEmitter();
  const model = new PageModel(() => {
    described.emit('described');
    return { name: 'a', profile: 'lite', configuration, policies: '{}', faults: ['offline'], isRecording: false };
  });
  // Its script is not built here; the document and the style sheet are what they are.
  const page: PageServer = await servePage(model, act, { folder: BUILT, files: { '/': ['index.html', 'text/html; charset=utf-8'] } });
  onTestFinished(() => page[Symbol.asyncDispose]());
  const { origin, hash, port } = new URL(page.url);
  return { model, origin, port, token: hash.slice(1), describedAgain: () => once(described, 'described') };
}

describe('the page', () => {
  it('is served on loopback with its token behind the #, and may fetch nothing from elsewhere', async () => {
    const { origin, token } = await served();
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(token).toMatch(/^[\w-]{32}$/);
    const { status, headers, body } = await ask(`${origin}/`);
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(body).not.toMatch(/https?:/);
    expect((await ask(`${origin}/nothing`)).status).toBe(404);
    expect((await ask(`${origin}/../package.json`)).status).toBe(404);
  });

  it('does nothing for who has not the token, and all that it can for who has', async () => {
    const done: PageAction[] = [];
    const { origin, token } = await served(action => {
      done.push(action);
      return Promise.resolve({ done: 'yes' });
    });
    const post = (authorization: string, body: unknown): Promise<Answer> =>
      ask(`${origin}/act`, { method: 'POST', headers: { authorization }, body: typeof body === 'string' ? body : JSON.stringify(body) });
    const fault: PageAction = { do: 'fault', fault: 'offline' };
    for (const wrong of ['', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}x`, token])
      expect((await post(wrong, fault)).status).toBe(401);
    expect(done).toEqual([]);
    expect(await post(`Bearer ${token}`, fault)).toMatchObject({ status: 200, body: '{"done":"yes"}' });
    expect(done).toEqual([fault]);
    for (const nonsense of ['', 'no JSON', { do: 'harm' }, { do: 'publish', topicName: 1 }, 'x'.repeat(2_000_000)])
      expect((await post(`Bearer ${token}`, nonsense)).status).toBe(400);
    expect(done).toHaveLength(1);
  });

  it('says why something was not done', async () => {
    const { origin, token } = await served(() => Promise.reject(new Error('no such thing')));
    const answer = await ask(`${origin}/act`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{"do":"restart"}' });
    expect(answer).toMatchObject({ status: 400, body: '{"problem":"no such thing"}' });
  });

  it('answers to no other name: a site whose name leads here must not look in', async () => {
    const { origin, port } = await served();
    for (const path of ['/', '/events', '/message?id=1'])
      expect((await ask(`${origin}${path}`, { headers: { host: `evil.example:${port}` } })).status).toBe(403);
    expect((await ask(`${origin}/`, { headers: { host: `localhost:${port}` } })).status).toBe(200);
  });

  it('streams all there is to know, and then what is new; payloads when they are asked for', async () => {
    const { origin, model } = await served();
    model.observe({ kind: 'delivered', topicName: 'in', payload: Buffer.from('{"a":1}'), components: ['a'] }, 5);
    const [response] = (await once(get(`${origin}/events`), 'response')) as [IncomingMessage];
    const lines = createInterface(response)[Symbol.asyncIterator]();
    const next = async (): Promise<PageUpdate> => {
      for (;;) {
        const line: IteratorResult<string, undefined> = await lines.next();
        if (line.done === true) throw new Error('The stream has ended.');
        if (line.value !== '') return JSON.parse(line.value.replace(/^data: /, '')) as PageUpdate;
      }
    };
    const first = await next();
    expect(first).toMatchObject({
      component: { name: 'a', profile: 'lite' },
      lanes: [{ topicName: 'in', messages: 1 }],
      marks: [{ lane: 0, at: 5 }],
    });
    expect(await next()).toMatchObject({ totals: { delivered: 1 } });
    response.destroy();
    expect(JSON.parse((await ask(`${origin}/message?id=${String(first.marks[0]?.id)}`)).body)).toMatchObject({
      topicName: 'in',
      payload: '{"a":1}',
    });
    for (const id of ['99', 'x', '']) expect((await ask(`${origin}/message?id=${id}`)).status).toBe(404);
  });

  it('tells a page that was too slow for some updates all there is to know, once it reads again', async () => {
    const { origin, model, describedAgain } = await served(undefined, 'x'.repeat(16_000_000));
    const [response] = (await once(get(`${origin}/events`), 'response')) as [IncomingMessage];
    // It leaves the first event, which is large, unread, while a topic comes that it has not heard of.
    const missed = describedAgain();
    model.observe({ kind: 'delivered', topicName: 'missed', payload: Buffer.from('1'), components: ['a'] });
    model.observe({ kind: 'deployed', deploymentId: 'd', status: 'SUCCEEDED', failure: undefined });
    await missed;
    const known = new Set<string>();
    for await (const line of createInterface(response)) {
      if (line === '') continue;
      const { lanes } = JSON.parse(line.replace(/^data: /, '')) as PageUpdate;
      for (const { topicName } of lanes) known.add(topicName);
      if (known.has('missed')) break;
    }
    response.destroy();
    expect([...known]).toEqual(['missed']);
  });
});
