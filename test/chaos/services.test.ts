import * as t from 'io-ts';
import { map } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import type { ConnectOptions } from '../../src/client/connect-options.js';
import type { LocalSubscribeRequest } from '../../src/client/local-request.js';
import type { LocalNucleus } from '../../src/local/index.js';
import type { SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import { allowLocal, COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { COMBINATIONS } from './chaos.js';

describe.each(COMBINATIONS)('services, $transport to a $profile nucleus', ({ transport, profile }) => {
  async function begin(options: ConnectOptions = {}): Promise<{ local: LocalNucleus; nucleus: Nucleus }> {
    const local = await start(profile, { components: [{ name: COMPONENT, accessControl: allowLocal('*') }] });
    const nucleus = connectNucleus({
      socketPath: local.socketPath,
      authToken: local.authToken(COMPONENT),
      transport,
      reconnect: fixed(1),
      refusalPatience: 0,
      ...options,
    });
    onTestFinished(async () => {
      await nucleus.close();
      await local.stop();
    });
    await nucleus.ready()();
    return { local, nucleus };
  }

  /** Texts and tags of what a local subscription brings, and a promise for the nth time that it is active. */
  function heard(
    nucleus: Nucleus,
    request: Partial<LocalSubscribeRequest> = {},
  ): { readonly words: Recorded<string>; readonly active: (nth: number) => Promise<unknown> } {
    const statuses: SubscriptionStatus[] = [];
    const waiting = new Set<() => void>();
    const onStatus = (status: SubscriptionStatus): void => {
      statuses.push(status);
      for (const look of waiting) look();
    };
    const words$ = nucleus.local
      .subscribe({ topic: 'a', ...request, onStatus })
      .pipe(map(element => (element._tag === 'Right' ? Buffer.from(element.right.payload).toString() : element.left._tag)));
    return {
      words: record(words$),
      active: nth =>
        new Promise<void>(resolve => {
          const look = (): void => {
            if (statuses.filter(({ status }) => status === 'active').length >= nth) resolve();
          };
          waiting.add(look);
          look();
        }),
    };
  }

  const say = (nucleus: Nucleus, payload: string): ReturnType<ReturnType<Nucleus['local']['publish']>> =>
    nucleus.local.publish({ topic: 'a', payload })();

  it('restarted with the same tokens, has its local subscriptions again behind a gap', async () => {
    const { local, nucleus } = await begin();
    const { words, active } = heard(nucleus);
    await active(1);
    await say(nucleus, 'one');
    await words.take(1);
    await local.restart({ keepTokens: true });
    await active(2);
    await say(nucleus, 'two');
    expect(await words.take(3)).toEqual(['one', 'Interrupted', 'two']);
  });

  it('that drops the connection instead of an answer leaves a local publish of unknown fate, and reads the configuration again', async () => {
    const { local, nucleus } = await begin();
    const values = record(nucleus.configuration.value$(t.union([t.undefined, t.UnknownRecord]), { keyPath: ['nowhere'] }));
    await values.take(1);
    local.faults.dropBeforeReply({ operation: 'localPublish', times: 1 });
    expect(await say(nucleus, 'one')).toMatchObject({ left: { _tag: 'ConnectionLost', sent: true, kind: 'message' } });
    expect(await values.take(2)).toMatchObject([{ _tag: 'Right' }, { left: { _tag: 'Interrupted', kind: 'gap' } }]);
    expect(await say(nucleus, 'two')).toMatchObject({ right: { by: 'local-topics' } });
  });

  it('losing its local subscriptions without a word: the silence watch finds out, and what comes then comes once', async () => {
    const time = new VirtualTime();
    const { local, nucleus } = await begin({ scheduler: time, profile });
    const silence = { maximum: 60_000, canaryTopicName: 'b' };
    const { words, active } = heard(nucleus, { topic: '+', receiveMode: 'RECEIVE_ALL_MESSAGES', silence });
    await active(1);
    await say(nucleus, 'one');
    await words.take(1);
    // Lite's daemon of local topics is restarted; a classic nucleus has none.
    local.faults.pubsubDaemonDown().undo();
    const lost = local.faults.loseLocalSubscriptions();
    await say(nucleus, 'lost');
    for (let halves = 1; halves <= 3; halves++) {
      time.advance(silence.maximum / 2);
      await say(nucleus, 'lost');
    }
    expect(words.values).toEqual(['one', 'Silent']);
    time.advance(1);
    await active(2);
    lost.undo();
    await say(nucleus, 'two');
    await say(nucleus, 'three');
    expect(await words.take(4)).toEqual(['one', 'Silent', 'two', 'three']);
  });

  it('that stands still keeps local messages and requests waiting, and loses none of them', async () => {
    const { local, nucleus } = await begin();
    const { words, active } = heard(nucleus);
    await active(1);
    const frozen = local.faults.freeze();
    const said = ['one', 'two', 'three'].map(word => say(nucleus, word));
    const reported = nucleus.lifecycle.report('RUNNING')();
    frozen.undo();
    expect(await words.take(3)).toEqual(['one', 'two', 'three']);
    for (const outcome of await Promise.all(said)) expect(outcome).toMatchObject({ _tag: 'Right' });
    expect(await reported).toMatchObject({ _tag: 'Right' });
  });
});
