import { defer, of, range, VirtualTimeScheduler } from 'rxjs';
import { right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { publishTo, type PublishPort } from '../../src/flow/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { record } from '../kit/streams/recorded.js';
import { asText } from '../kit/nucleus/fake-proxy.js';

/** What came of three publishes through a port made of a proxy, what its `publish$` was asked, and what the nucleus took. */
const through = async (portOf: (proxy: MqttProxy, publish$: MqttProxy['publish$']) => PublishPort) => {
  const scheduler = new VirtualTimeScheduler();
  const nucleus = new MemoryNucleus({ scheduler });
  const proxy = nucleus.connect();
  const asked: string[] = [];
  const original = proxy.publish$.bind(proxy);
  const publish$: MqttProxy['publish$'] = request =>
    defer(() => {
      asked.push(String(request.payload));
      return request.payload === '2' ? of(right({ by: 'mqtt-socket' as const })) : original(request);
    });
  const outcomes = record(range(1, 3).pipe(publishTo(portOf(proxy, publish$), asText, { inFlight: 1, scheduler })));
  scheduler.flush();
  const closed = proxy.close();
  scheduler.flush();
  await closed;
  return {
    by: outcomes.values.map(outcome => (outcome._tag === 'Right' ? outcome.right.by : outcome.left._tag)),
    asked,
    taken: nucleus.published.map(({ payload }) => Buffer.from(payload).toString()),
  };
};

describe('publishTo', () => {
  it("publishes through the library's own proxy without its publish$", async () => {
    expect(await through(proxy => proxy)).toEqual({ by: ['spooler', 'spooler', 'spooler'], asked: [], taken: ['1', '2', '3'] });
  });

  it.each<[string, (proxy: MqttProxy, publish$: MqttProxy['publish$']) => PublishPort]>([
    ['of a port with nothing but publish$ and state$', (proxy, publish$) => ({ publish$, state$: proxy.state$ })],
    ['that somebody has put in the place of the proxy’s own', (proxy, publish$) => Object.assign(proxy, { publish$ })],
  ])('publishes through the publish$ %s', async (_, portOf) => {
    expect(await through(portOf)).toEqual({ by: ['spooler', 'mqtt-socket', 'spooler'], asked: ['1', '2', '3'], taken: ['1', '3'] });
  });
});
