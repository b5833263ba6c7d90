import { lastValueFrom, range, tap } from 'rxjs';
import { publishTo } from '../../../src/flow/publish-to.js';
import type { TransportName } from '../../../src/shared/profile.js';
import { connect } from '../../../src/client/connect.js';
import type { MqttMessage, MqttProxy, Profile } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import type { ObservableEither } from '../../../src/stream/observable-either.js';
import { OUT } from '../topics.js';
import type { BenchClient, ClientOptions } from './client.js';
import { Reading } from './reading.js';

/** `connect()`, connected. */
export async function openProxy(transport: TransportName, socketPath: string, profile?: Profile, authToken = 'token'): Promise<MqttProxy> {
  const proxy = connect({ socketPath, authToken, transport, profile });
  const ready = await proxy.ready()();
  if (ready._tag === 'Left') throw ready.left;
  return proxy;
}

/** This library: `subscribe()`, `publishTo` and `publish` of `connect()`. */
export async function openProxyClient(transport: TransportName, { socketPath, decode, authToken }: ClientOptions): Promise<BenchClient> {
  const proxy = await openProxy(transport, socketPath, undefined, authToken);
  return {
    subscribe: (topicName, onMessage) =>
      new Promise((resolve, reject) => {
        const request = {
          topicName,
          qos: QOS.AT_MOST_ONCE,
          onStatus: ({ status }: { readonly status: string }) => {
            if (status === 'active') resolve();
          },
        };
        const messages$: ObservableEither<Error, MqttMessage> = decode
          ? proxy.subscribe({ ...request, codec: Reading })
          : proxy.subscribe(request);
        messages$.subscribe(message => {
          if (message._tag === 'Right') onMessage(message.right.payload);
          else reject(message.left);
        });
      }),
    publishMany: async (count, inFlight, payload, onAcknowledged) => {
      const outcomes$ = range(count).pipe(
        publishTo(proxy, () => ({ topicName: OUT, payload, qos: QOS.AT_LEAST_ONCE }), {
          inFlight,
          buffer: { messages: count, onFull: 'fail' },
        }),
        tap(outcome => {
          if (outcome._tag === 'Left') throw outcome.left;
          onAcknowledged();
        }),
      );
      await lastValueFrom(outcomes$);
    },
    publish: async payload => {
      const outcome = await proxy.publish({ topicName: OUT, payload, qos: QOS.AT_LEAST_ONCE })();
      if (outcome._tag === 'Left') throw outcome.left;
    },
    close: () => proxy.close(),
  };
}
