import { lastValueFrom, range, tap } from 'rxjs';
import { connectNucleus } from '../../../src/client/connect.js';
import type { LocalMessage, LocalPublishRequest } from '../../../src/client/local-message.js';
import { publishTo } from '../../../src/flow/publish-to.js';
import type { TransportName } from '../../../src/shared/profile.js';
import type { ObservableEither } from '../../../src/stream/observable-either.js';
import { OUT } from '../topics.js';
import type { BenchClient, ClientOptions } from './client.js';
import { Reading } from './reading.js';

/** This library on local topics: `subscribe()`, `publishTo` and `publish` of `connectNucleus().local`. */
export async function openLocalClient(
  transport: TransportName,
  { socketPath, decode, authToken = 'token' }: ClientOptions,
): Promise<BenchClient> {
  const nucleus = connectNucleus({ socketPath, authToken, transport });
  const { local } = nucleus;
  const ready = await nucleus.ready()();
  if (ready._tag === 'Left') throw ready.left;
  const request = (payload: Uint8Array): LocalPublishRequest =>
    decode ? { topic: OUT, json: JSON.parse(Buffer.from(payload).toString()) as object } : { topic: OUT, payload };
  return {
    subscribe: (topic, onMessage) =>
      new Promise((resolve, reject) => {
        const onStatus = ({ status }: { readonly status: string }): void => {
          if (status === 'active') resolve();
        };
        const messages$: ObservableEither<Error, LocalMessage> = decode
          ? local.subscribe({ topic, onStatus, codec: Reading })
          : local.subscribe({ topic, onStatus });
        messages$.subscribe(message => {
          if (message._tag === 'Right') onMessage(message.right.payload);
          else reject(message.left);
        });
      }),
    publishMany: async (count, inFlight, payload, onAcknowledged) => {
      const message = request(payload);
      const outcomes$ = range(count).pipe(
        publishTo(local, () => message, { inFlight, buffer: { messages: count, onFull: 'fail' } }),
        tap(outcome => {
          if (outcome._tag === 'Left') throw outcome.left;
          onAcknowledged();
        }),
      );
      await lastValueFrom(outcomes$);
    },
    publish: async payload => {
      const outcome = await local.publish(request(payload))();
      if (outcome._tag === 'Left') throw outcome.left;
    },
    close: () => nucleus.close(),
  };
}
