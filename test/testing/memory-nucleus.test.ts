import { asyncScheduler, concatMap, from, map, timer, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { QOS } from '../../src/shared/qos.js';
import { publishTo } from '../../src/flow/publish-to.js';
import { fixed } from '../../src/schedule/index.js';
import { marbles, MemoryNucleus, type FaultName } from '../../src/testing/index.js';
import '../../src/testing/vitest.js';
import { record } from '../kit/streams/recorded.js';

const to = (topicName: string, payload = '') => ({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
const accepted = { a: { by: 'spooler' } };

describe('a publish', () => {
  test(
    'is answered in the frame it is made in',
    marbles(({ nucleus, expectStream, expectPublished }) => {
      expectStream(nucleus.proxy.publish$(to('t', 'x')), '-----^').toBeMarble('-----(a|)', accepted);
      expectPublished('t').toBeMarble('-----x');
    }),
  );

  test(
    'is answered as late as the nucleus is said to answer, in the frame exactly',
    marbles(
      ({ nucleus, expectStream }) => {
        expectStream(timer(10).pipe(concatMap(() => nucleus.proxy.publish$(to('t'))))).toBeMarble('17ms (a|)', accepted);
      },
      { latency: { publish: 5, connect: 2 } },
    ),
  );

  test(
    'comes back to who subscribed to its topic',
    marbles(({ nucleus, expectStream }) => {
      const { proxy } = nucleus;
      expectStream(proxy.subscribe(to('echo/+'))).toBeMarble('--x');
      expectStream(proxy.publish$(to('echo/1', 'x')), '--^').toBeMarble('--(a|)', accepted);
    }),
  );

  test(
    'with its members, as far as the nucleus carries them',
    marbles(({ nucleus, run, expectStream }) => {
      const { proxy } = nucleus;
      const message = { ...to('t', 'x'), retain: true, userProperties: [{ key: 'k', value: 'v' }], correlationData: Buffer.from([0, 255]) };
      run(proxy.publish$(message));
      const { qos: _, payload: __, ...rest } = message;
      expectStream(proxy.subscribe(to('t')), '--^').toBeMarble('--m', { m: { ...rest, payload: Buffer.from('x'), payloadFormat: '0' } });
    }),
  );

  test('that answers itself without end is told, not hung', () => {
    const loop = marbles(({ nucleus, run }) => {
      const { proxy } = nucleus;
      nucleus.messages('t', '-a');
      run(proxy.subscribe(to('t')).pipe(concatMap(() => proxy.publish$(to('t')))));
    });
    expect(loop).toThrow(
      'More than 100000 messages passed at 1 ms and time stood still. Does something publish to a topic it subscribes to?',
    );
  });
});

describe('topics and policies', () => {
  test(
    'a filter gets what it matches',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('#', '-a-b-c', {
        a: { topicName: 'a/1/t', payload: 'a' },
        b: { topicName: 'a/1/u', payload: 'b' },
        c: { topicName: 'b', payload: 'c' },
      });
      expectStream(nucleus.proxy.subscribe(to('a/+/t'))).toBeMarble('-a');
      expectStream(nucleus.proxy.subscribe(to('a/#'))).toBeMarble('-a-b');
    }),
  );

  test.each(['classic', 'lite'] as const)('%s: what the policy does not name is unauthorized', profile => {
    marbles(
      ({ nucleus, expectStream }) => {
        expectStream(nucleus.proxy.publish$(to('up/1'))).toBeMarble('(a|)', { a: expect.anything() });
        expectStream(nucleus.proxy.publish$(to('elsewhere'))).toBeMarble('(U|)', {}, { U: 'Unauthorized' });
        expectStream(nucleus.proxy.subscribe(to('up/1'))).toBeMarble('(U|)', {}, { U: { _tag: 'Unauthorized', topicName: 'up/1' } });
      },
      {
        profile,
        accessControl: {
          'aws.greengrass.ipc.mqttproxy': { 'p:mqttproxy:1': { operations: ['aws.greengrass#PublishToIoTCore'], resources: ['up/*'] } },
        },
      },
    )();
  });

  test(
    'Lite gives one copy for each filter that matches, and no members',
    marbles(
      ({ nucleus, expectStream }) => {
        nucleus.messages('a/b', '-x');
        expectStream(nucleus.proxy.subscribe(to('a/b'))).toBeMarble('-(xx)');
        expectStream(nucleus.proxy.subscribe(to('a/#'))).toBeMarble('-(xx)');
        expectStream(nucleus.proxy.publish$(to('t'))).toBeMarble('(a|)', { a: { by: 'mqtt-socket' } });
      },
      { profile: 'lite' },
    ),
  );
});

const LEFTS = {
  I: 'Interrupted',
  S: 'Silent',
  U: 'Unauthorized',
  T: 'TimedOut',
  L: 'ConnectionLost',
  F: 'ServiceFault',
  R: 'TokenRefused',
};

describe('faults of the connection', () => {
  test(
    'drop connection: a gap, and a subscription made anew a millisecond later',
    marbles(({ nucleus, expectStream, expectSubscriptions, expectState }) => {
      nucleus.messages('t', '-a----x-b', { a: 'a', b: 'b' }, { x: 'drop connection' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('-a----I-b', { a: 'a', b: 'b' }, LEFTS);
      expectSubscriptions('t').toBe('^-----!', '-------^');
      expectState().toBeMarble('(ioc)-x(oc)', { i: 'idle', o: 'connecting', c: 'connected', x: 'interrupted' });
    }),
  );

  test(
    'kill nucleus, start nucleus: nobody listens in between',
    marbles(
      ({ nucleus, expectStream, expectState }) => {
        nucleus.faults('---------x--y', { x: 'kill nucleus', y: 'start nucleus' });
        nucleus.messages('t', '-a 20ms b');
        expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('-a-------I 12ms b', undefined, LEFTS);
        expectState().toBeMarble('(ioc)----x---(oc)', {
          i: 'idle',
          o: 'connecting',
          c: 'connected',
          x: 'interrupted',
        });
      },
      { connect: { reconnect: fixed(4) } },
    ),
  );

  test.each<[FaultName, string]>([
    ['remove socket', 'missing'],
    ['fill backlog', 'busy'],
    ['kill nucleus', 'refused'],
  ])('%s: a first connection fails for that reason', (fault, reason) => {
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: fault });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('-(F|)', {}, { F: { _tag: 'SocketUnavailable', reason } });
    })();
  });

  test(
    'restart nucleus: its tokens are others, which is the end',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('--x', { x: 'restart nucleus' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble(
        '--I(R|)',
        {},
        { ...LEFTS, R: { _tag: 'TokenRefused', afterSuccess: true } },
      );
    }),
  );

  test(
    'hang connect: the handshake times out, and the first failure is final',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: 'hang connect' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('- 10s (T|)', {}, LEFTS);
    }),
  );

  test(
    'drop before connect reply: three times in a row would be a refusal',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: 'drop before connect reply' });
      nucleus.messages('t', '-a 200ms b');
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('202ms b');
    }),
  );

  test(
    'refuse connect: on classic a refusal in so many words',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: 'refuse connect' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('-(R|)', {}, LEFTS);
    }),
  );

  test(
    'refuse connect, with the refusal cut: a connection lost, which is made anew',
    marbles(({ nucleus, expectStream, expectState }) => {
      nucleus.faults('(rx)', { r: 'refuse connect', x: 'cut frame' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^');
      expectState().toBeMarble('s(bi) 96ms (bc)', { s: 'idle', b: 'connecting', i: 'interrupted', c: 'connected' });
    }),
  );

  test.each<FaultName>(['corrupt frame', 'cut frame'])('%s: the frame is lost with its connection', fault => {
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', '-x-a-b', { a: 'a', b: 'b' }, { x: fault });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('---I-b', undefined, LEFTS);
    })();
  });

  test(
    'frames in pieces and frames glued together change nothing',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', '-x-a-y-b-c-z', { a: 'a', b: 'b', c: 'c' }, { x: { splitFrames: 3 }, y: { glueFrames: 2 }, z: 'all well' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('---a-----(bc)');
    }),
  );

  test(
    'a connection breaks after so many messages more',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', 'x-a-b---c', { a: 'a', b: 'b', c: 'c' }, { x: { dropAfterMessages: 2 } });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('--a-(bI)c', undefined, LEFTS);
    }),
  );
});

describe('faults of the device', () => {
  test(
    'offline: QoS 0 is refused and QoS 1 spooled, until it is online',
    marbles(({ nucleus, expectStream, expectPublished, expectArrived }) => {
      const { proxy } = nucleus;
      nucleus.faults('-x--------y', { x: 'offline', y: 'online' });
      expectPublished('t').toBeMarble('--s');
      expectArrived('t').toBeMarble('----------s');
      expectStream(proxy.subscribe(to('t'))).toBeMarble('----------s');
      expectStream(proxy.publish$({ ...to('t', 'z'), qos: QOS.AT_MOST_ONCE }), '--^').toBeMarble(
        '--(F|)',
        {},
        {
          F: { _tag: 'ServiceFault', reason: 'OfflineQos0Dropped' },
        },
      );
      expectStream(proxy.publish$(to('t', 's')), '--^').toBeMarble('--(a|)', accepted);
    }),
  );

  test(
    'restart nucleus, while it is offline: the spool of a classic nucleus was in its memory',
    marbles(({ nucleus, cold, run, expectPublished, expectArrived }) => {
      nucleus.faults('-x--r-----y', { x: 'offline', r: 'restart nucleus', y: 'online' });
      run(cold('--s').pipe(publishTo(nucleus.proxy, value => to('t', value))));
      expectPublished('t').toBeMarble('--s');
      expectArrived('t').toBeMarble('');
    }),
  );

  test(
    'a device that never was online answers no subscribe until it is',
    marbles(
      ({ nucleus, expectStream, expectSubscriptions }) => {
        nucleus.faults('5s y', { y: 'online' });
        nucleus.messages('t', '-a 5s b');
        expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('5002ms b');
        expectSubscriptions('t').toBe('5s ^');
      },
      { online: false },
    ),
  );

  test(
    'spool full, spool free',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x--------y', { x: 'spool full', y: 'spool free' });
      expectStream(nucleus.proxy.publish$(to('t')), '-^').toBeMarble('-(F|)', {}, { F: { _tag: 'ServiceFault', reason: 'SpoolFull' } });
      expectStream(nucleus.proxy.publish$(to('t')), '----------^').toBeMarble('----------(a|)', accepted);
    }),
  );

  test(
    'withhold pubacks: Lite takes ten and no more',
    marbles(
      ({ nucleus, expectStream }) => {
        nucleus.faults('x 9ms y', { x: 'withhold pubacks', y: 'release pubacks' });
        const publish$ = from(Array.from({ length: 11 }, () => to('t'))).pipe(concatMap(request => nucleus.proxy.publish$(request)));
        expectStream(publish$, '-^').toBeMarble('-(aaaaaaaaaaF|)', { a: { by: 'mqtt-socket' } }, LEFTS);
        expectStream(nucleus.proxy.publish$(to('t')), '20ms ^').toBeMarble('20ms (a|)', { a: { by: 'mqtt-socket' } });
      },
      { profile: 'lite' },
    ),
  );
});

describe('faults of operations', () => {
  test(
    'hang publish: done, never answered, and timed out',
    marbles(({ nucleus, expectStream, expectPublished }) => {
      nucleus.faults('x', { x: 'hang publish' });
      expectStream(nucleus.proxy.publish$(to('t', 'x')), '-^').toBeMarble('- 10s (T|)', {}, { T: { _tag: 'TimedOut', sent: true } });
      expectPublished('t').toBeMarble('-x');
    }),
  );

  test(
    'hang subscribe: timed out after two minutes',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: 'hang subscribe' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('- 2m (T|)', {}, LEFTS);
    }),
  );

  test(
    'drop before publish reply: done, and nobody can know',
    marbles(({ nucleus, expectStream, expectPublished }) => {
      nucleus.faults('x', { x: 'drop before publish reply' });
      expectStream(nucleus.proxy.publish$(to('t', 'x')), '-^').toBeMarble('-(L|)', {}, { L: { _tag: 'ConnectionLost', sent: true } });
      expectPublished('t').toBeMarble('-x');
    }),
  );

  test(
    'drop before subscribe reply: asked again on the next connection',
    marbles(({ nucleus, expectStream, expectSubscriptions }) => {
      nucleus.faults('x', { x: 'drop before subscribe reply' });
      nucleus.messages('t', '-a-b');
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('---b');
      expectSubscriptions('t').toBe('-(^!)', '--^');
    }),
  );

  test(
    'withhold publish, release publish',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('-x 5s y', { x: 'withhold publish', y: 'release publish' });
      expectStream(nucleus.proxy.publish$(to('t')), '--^').toBeMarble('5002ms (a|)', accepted);
    }),
  );

  test(
    'withhold subscribe, release subscribe',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x 5s y', { x: 'withhold subscribe', y: 'release subscribe' });
      nucleus.messages('t', '--a 5s b');
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('5003ms b');
    }),
  );

  test(
    'unauthorized, authorized: for operations made meanwhile',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', '-a-x-b-y-c', { a: 'a', b: 'b', c: 'c' }, { x: 'unauthorized', y: 'authorized' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('-a---b---c');
      expectStream(nucleus.proxy.publish$(to('u')), '----^').toBeMarble('----(U|)', {}, LEFTS);
      expectStream(nucleus.proxy.publish$(to('u')), '----------^').toBeMarble('----------(a|)', accepted);
    }),
  );

  test(
    "deny subscription: the cloud's own policy refuses it",
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('x', { x: 'deny subscription' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble(
        '-(U|)',
        {},
        { U: expect.objectContaining({ kind: 'terminal' }) as unknown },
      );
    }),
  );
});

describe('faults of subscriptions', () => {
  test(
    'lose subscriptions: silence, which a watch finds out',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', '-a-x-b 2s c', { a: 'a', b: 'b', c: 'c' }, { x: 'lose subscriptions' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('-a');
      expectStream(nucleus.proxy.subscribe({ ...to('t'), silence: { maximum: 1_000 } }), '^ 2500ms !').toBeMarble(
        '-a 1498ms S 505ms c',
        undefined,
        LEFTS,
      );
    }),
  );

  test(
    'find subscriptions: as if nothing had been',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', '-a-x-b-y-c', { a: 'a', b: 'b', c: 'c' }, { x: 'lose subscriptions', y: 'find subscriptions' });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('-a-------c');
    }),
  );

  test(
    'end subscriptions: a gap on a living connection, after the last messages',
    marbles(({ nucleus, expectStream, expectState }) => {
      nucleus.messages('t', '------a-x---b', { a: 'a', b: 'b' }, { x: { endSubscriptions: [{ topicName: 't', payload: 'z' }] } });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('------a-(zI)b', undefined, LEFTS);
      expectState().toBeMarble('(ioc)', { i: 'idle', o: 'connecting', c: 'connected' });
    }),
  );

  test(
    'a message before the reply comes after the subscription is active',
    marbles(({ nucleus, run, expectLane }) => {
      nucleus.faults('x', { x: { messageBeforeReply: { topicName: 't', payload: 'early' } } });
      const seen: string[] = [];
      const lane = run(
        nucleus.proxy
          .subscribe({ ...to('t'), onStatus: ({ status }) => seen.push(status) })
          .pipe(map(message => `${seen.join(' ')}: ${message._tag}`)),
        '-^',
      );
      expectLane(lane).toBeMarble('-e', { e: 'subscribing active: Right' });
    }),
  );

  test(
    'message before reply: the answer waits for the first message',
    marbles(({ nucleus, expectStream }) => {
      nucleus.messages('t', 'x---a-b', { a: 'a', b: 'b' }, { x: 'message before reply' });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('----a-b');
    }),
  );

  test(
    'a burst and then the end',
    marbles(({ nucleus, expectStream }) => {
      const burst = [1, 2].map(n => ({ topicName: 't', payload: String(n) }));
      nucleus.faults('x', { x: { burstThenEnd: burst } });
      expectStream(nucleus.proxy.subscribe(to('t')), '-^').toBeMarble('-(12I)', undefined, LEFTS);
    }),
  );

  test(
    'old nucleus: what would cost the connection there does not happen',
    marbles(({ nucleus, expectStream, expectState }) => {
      nucleus.faults('x', { x: 'old nucleus' });
      expectStream(nucleus.proxy.publish$(to('t')), '-^').toBeMarble('-(a|)', accepted);
      expectState().toBeMarble('i(oc)', { i: 'idle', o: 'connecting', c: 'connected' });
    }),
  );

  test(
    'a function is called',
    marbles(({ nucleus, expectStream }) => {
      nucleus.faults('---x', { x: () => nucleus.publish({ topicName: 't', payload: 'x' }) });
      expectStream(nucleus.proxy.subscribe(to('t'))).toBeMarble('---x');
    }),
  );
});

test.each([
  ['cuts a client with something of its unread: a reset', true, ['ECONNRESET']],
  ['cuts a client that has sent nothing more: an end', false, [undefined]],
])('Greengrass Lite %s', (_name, sendsMore, codes) => {
  const scheduler = new VirtualTimeScheduler();
  const nucleus = new MemoryNucleus({ scheduler, profile: 'lite' });
  const proxy = nucleus.connect();
  // It ends the connection when an unsubscribe sends its terminate.
  nucleus.inflict('old nucleus');
  const seen: unknown[] = [];
  proxy.state$.subscribe(state => {
    if (state.status === 'interrupted') seen.push((state.error.cause as { readonly code?: string } | undefined)?.code);
  });
  const subscription = proxy.subscribe(to('t')).subscribe();
  scheduler.schedule(() => {
    subscription.unsubscribe();
    if (sendsMore) proxy.publish$(to('t')).subscribe();
  }, 5);
  scheduler.schedule(() => void proxy.close(), 50);
  scheduler.flush();
  expect(seen).toEqual(codes);
});

test('runs in real time as well', async () => {
  const nucleus = new MemoryNucleus({ scheduler: asyncScheduler, latency: { publish: 5 } });
  const proxy = nucleus.connect();
  expect(await proxy.ready()()).toBeRight();
  expect(await proxy.publish(to('t'))()).toBeRight({ by: 'spooler' });
  const states = record(proxy.state$);
  nucleus.inflict('drop connection');
  await states.first(({ status }) => status === 'interrupted');
  await states.first(state => state.status === 'connected' && states.values.length > 2);
  await proxy.close();
  expect(nucleus.connections).toBe(0);
});
