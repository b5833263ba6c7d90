import { filter, firstValueFrom, map, ReplaySubject, take, tap, toArray } from 'rxjs';
import * as t from 'io-ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json } from '../../src/codec/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import type { MqttMessage, MqttProxy, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { respond } from '../../src/sinks/index.js';
import { onRights } from '../../src/stream/index.js';
import { COMPONENT, OTHER, start } from '../kit/nucleus/nuclei.js';
import { collected } from '../kit/streams/collected.js';

const Heat = json(t.type({ id: t.string, celsius: t.number }));
const COMMANDS = { topicName: 'test/do', qos: QOS.AT_LEAST_ONCE, codec: Heat };

let nucleus: LocalNucleus;
let component: MqttProxy;
let asker: MqttProxy;
let answers: ReplaySubject<MqttMessage>;

/** The asker's subscription to answers, and a promise for one of the component's. */
async function begin(profile: 'classic' | 'lite'): Promise<void> {
  nucleus = await start(profile);
  component = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
  asker = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(OTHER) });
  answers = new ReplaySubject(100);
  await active(onStatus => {
    asker
      .subscribe({ topicName: 'test/answers/#', qos: QOS.AT_LEAST_ONCE, onStatus })
      .pipe(
        filter(element => element._tag === 'Right'),
        map(element => element.right),
      )
      .subscribe(answers);
  });
}

function active(subscribe: (onStatus: (status: SubscriptionStatus) => void) => void): Promise<void> {
  return new Promise(resolve => {
    subscribe(({ status }) => {
      if (status === 'active') resolve();
    });
  });
}

const answered = (count: number): Promise<[string, string, string | undefined][]> =>
  firstValueFrom(
    answers.pipe(
      take(count),
      map(({ topicName, payload, correlationData }): [string, string, string | undefined] => [
        topicName,
        Buffer.from(payload).toString(),
        correlationData && Buffer.from(correlationData).toString(),
      ]),
      toArray(),
    ),
  );

const ask = (payload: string, more: Partial<MqttMessage> = {}): Promise<unknown> =>
  asker.publish({ topicName: 'test/do', payload, qos: QOS.AT_LEAST_ONCE, ...more })();

afterEach(async () => {
  await component.close();
  await asker.close();
  await nucleus.stop();
});

describe('respond, on a classic nucleus', () => {
  beforeEach(() => begin('classic'));

  it('answers another component at its response topic, once for each command and again for a duplicate', async () => {
    const handled: string[] = [];
    let outcomes: Promise<unknown[]> | undefined;
    await active(onStatus => {
      outcomes = collected(
        component.subscribe({ ...COMMANDS, onStatus }).pipe(
          respond(component, {
            handle: ({ id, celsius }) => {
              handled.push(id);
              return Promise.resolve(`heating to ${celsius}`);
            },
            onFailure: failure => failure._tag,
            dedupe: { id: ({ value }) => value.id, commands: 10, ttl: 60_000 },
            deadline: 60_000,
          }),
        ),
      );
    });
    await ask('{"id":"1","celsius":20}', { responseTopic: 'test/answers/a', correlationData: Buffer.from('first') });
    await answered(1);
    await ask('{"id":"1","celsius":20}', { responseTopic: 'test/answers/a', correlationData: Buffer.from('second') });
    await ask('{"id":"2"}', { responseTopic: 'test/answers/b', correlationData: Buffer.from('third') });
    expect(await answered(3)).toEqual([
      ['test/answers/a', 'heating to 20', 'first'],
      ['test/answers/a', 'heating to 20', 'second'],
      ['test/answers/b', 'DecodeFailed', 'third'],
    ]);
    expect(handled).toEqual(['1']);
    await component.drain(300_000)();
    expect(await outcomes).toMatchObject([
      { right: { payload: 'heating to 20', repeated: false, by: 'spooler' } },
      { right: { payload: 'heating to 20', repeated: true } },
      { left: { _tag: 'DecodeFailed' } },
    ]);
  });

  it('answers what has come before a drain ends', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>(resolve => (release = resolve));
    let came = 0;
    let outcomes: Promise<unknown[]> | undefined;
    const allCame = new Promise<void>(resolve => {
      void active(onStatus => {
        outcomes = collected(
          component
            .subscribe({ ...COMMANDS, onStatus: status => (onStatus(status), status.status === 'active' && void askThree()) })
            .pipe(onRights(tap(() => ++came === 3 && resolve())), respond(component, { handle: ({ id }) => released.then(() => id) })),
        );
      });
    });
    const askThree = async (): Promise<void> => {
      for (const id of ['1', '2', '3']) await ask(`{"id":"${id}","celsius":1}`, { responseTopic: 'test/answers/a' });
    };
    await allCame;
    const draining = component.drain(300_000)();
    release();
    expect(await draining).toMatchObject({ accepted: 3, failed: 0, unfinished: 0, stagesUnfinished: 0 });
    expect(await outcomes).toMatchObject([{ right: { payload: '1' } }, { right: { payload: '2' } }, { right: { payload: '3' } }]);
    expect((await answered(3)).map(([, payload]) => payload)).toEqual(['1', '2', '3']);
  });
});

describe('respond, on Greengrass Lite', () => {
  beforeEach(() => begin('lite'));

  it('has no response topic there, and answers where `replyTo` says', async () => {
    const outcomes = new ReplaySubject<unknown>(10);
    await active(onStatus => {
      component
        .subscribe({ ...COMMANDS, onStatus })
        .pipe(
          respond(component, {
            handle: ({ id }) => Promise.resolve(`done ${id}`),
            replyTo: ({ value, responseTopic }) => (value.celsius > 0 ? `test/answers/${value.id}` : responseTopic),
          }),
        )
        .subscribe(outcomes);
    });
    await ask('{"id":"1","celsius":-1}', { responseTopic: 'test/answers/a' });
    await ask('{"id":"2","celsius":1}', { responseTopic: 'test/answers/a' });
    expect(await answered(1)).toEqual([['test/answers/2', 'done 2', undefined]]);
    expect(await firstValueFrom(outcomes.pipe(take(2), toArray()))).toMatchObject([
      { left: { _tag: 'NoResponseTopic', original: { value: { id: '1' } } } },
      { right: { topicName: 'test/answers/2', by: 'mqtt-socket' } },
    ]);
  });
});
