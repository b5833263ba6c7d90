import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { map } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import { shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { json } from '../../src/codec/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { route } from '../../src/operators/index.js';
import type { SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { respond } from '../../src/sinks/index.js';
import { onRights } from '../../src/stream/index.js';
import { topicTemplate } from '../../src/topic/index.js';
import { allowLocal, COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { record } from '../kit/streams/recorded.js';

const Heat = json(t.type({ id: t.string, celsius: t.number }));

async function begin(profile: 'classic' | 'lite'): Promise<{ local: LocalNucleus; own: Nucleus; other: Nucleus }> {
  const local = await start(profile, {
    components: [
      { name: COMPONENT, accessControl: allowLocal('*') },
      { name: OTHER, accessControl: allowLocal('*') },
    ],
  });
  const nucleusOf = (component: string): Nucleus => connectNucleus({ socketPath: local.socketPath, authToken: local.authToken(component) });
  const [own, other] = [nucleusOf(COMPONENT), nucleusOf(OTHER)];
  onTestFinished(async () => {
    await own.close();
    await other.close();
    await local.stop();
  });
  return { local, own, other };
}

/** Statuses that can be waited for. */
function becoming(): { readonly active: Promise<void>; readonly onStatus: (status: SubscriptionStatus) => void } {
  let resolve: () => void = () => undefined;
  const active = new Promise<void>(settled => (resolve = settled));
  return { active, onStatus: ({ status }) => (status === 'active' ? resolve() : undefined) };
}

describe.each(PROFILES)('%s', profile => {
  test('local subscriptions are shared by those that ask for the same topic and mode, each with a codec of its own', async () => {
    const { local, own, other } = await begin(profile);
    let subscriptions = 0;
    local.observe(({ kind }) => {
      if (kind === 'localSubscribed') subscriptions++;
      if (kind === 'localUnsubscribed') subscriptions--;
    });
    const shared = shareSubscriptions(own.local);
    const [plain, decoded, all] = [becoming(), becoming(), becoming()];
    const texts = record(shared.subscribe({ topic: 'plc/+', onStatus: plain.onStatus }));
    const values = record(shared.subscribe({ topic: topicTemplate('plc/{line}'), codec: Heat, onStatus: decoded.onStatus }));
    const whole = record(shared.subscribe({ topic: 'plc/+', receiveMode: 'RECEIVE_ALL_MESSAGES', onStatus: all.onStatus }));
    await Promise.all([plain.active, decoded.active, all.active]);
    expect(subscriptions).toBe(2);
    await shared.publish({ topic: 'plc/6', json: { id: 'own', celsius: 1 } })();
    await other.local.publish({ topic: 'plc/7', json: { id: 'a', celsius: 21 } })();
    expect(await values.take(1)).toMatchObject([{ right: { params: { line: '7' }, value: { id: 'a', celsius: 21 } } }]);
    expect((await texts.take(1)).map(message => isRight(message) && message.right.topic)).toEqual(['plc/7']);
    expect((await whole.take(2)).map(message => isRight(message) && message.right.topic)).toEqual(['plc/6', 'plc/7']);
  });

  test('a local command is carried out and answered on a local topic, and again for a duplicate', async () => {
    const { own, other } = await begin(profile);
    const [answering, hearing] = [becoming(), becoming()];
    const answers = record(other.local.subscribe({ topic: 'heater/answers/+', onStatus: hearing.onStatus }));
    const handled: string[] = [];
    const outcomes = record(
      own.local.subscribe({ topic: 'heater/do', codec: Heat, onStatus: answering.onStatus }).pipe(
        respond(own.local, {
          handle: ({ id, celsius }) => {
            handled.push(id);
            return Promise.resolve(`heating to ${celsius}`);
          },
          replyTo: ({ value }) => `heater/answers/${value.id}`,
          dedupe: { id: ({ value }) => value.id, commands: 10, ttl: 60_000 },
          publish: { topics: ['heater/answers/+'] },
        }),
      ),
    );
    await Promise.all([answering.active, hearing.active]);
    for (const n of [1, 2]) {
      await other.local.publish({ topic: 'heater/do', json: { id: 'c1', celsius: 21 } })();
      await outcomes.take(n);
    }
    await other.local.publish({ topic: 'heater/do', payload: 'no command' })();
    expect(await outcomes.take(3)).toMatchObject([
      { right: { by: 'local-topics', topicName: 'heater/answers/c1', repeated: false, attempts: 1 } },
      { right: { by: 'local-topics', repeated: true } },
      { left: { _tag: 'DecodeFailed', topicName: 'heater/do' } },
    ]);
    expect(handled).toEqual(['c1']);
    const texts = (await answers.take(2)).map(message => isRight(message) && Buffer.from(message.right.payload).toString());
    expect(texts).toEqual(['heating to 21', 'heating to 21']);
  });

  test('a wide local subscription is routed by topic, with params and an otherwise', async () => {
    const { own, other } = await begin(profile);
    const routing = becoming();
    const routed = record(
      own.local
        .subscribe({ topic: 'plant/#', codec: Heat, onStatus: routing.onStatus })
        .pipe(
          onRights(
            route(
              on => [
                on(topicTemplate('plant/{line}/heat'), heat$ => heat$.pipe(map(({ params, value }) => `${params.line} ${value.celsius}`))),
              ],
              { otherwise: rest$ => rest$.pipe(map(({ topicName }) => `no route for ${topicName}`)) },
            ),
          ),
        ),
    );
    await routing.active;
    await other.local.publish({ topic: 'plant/7/heat', json: { id: 'a', celsius: 70 } })();
    await other.local.publish({ topic: 'plant/door', json: { id: 'b', celsius: 0 } })();
    expect(await routed.take(2)).toMatchObject([{ right: '7 70' }, { right: 'no route for plant/door' }]);
  });
});
