import { describe, expect, test } from 'vitest';
import { FAULT_NAMES } from '../../src/local/faults/fault-table.js';
import { Faults } from '../../src/local/faults/faults.js';
import { QOS } from '../../src/shared/qos.js';
import { marbles, type Fault } from '../../src/testing/index.js';

/** How each fault of the local nucleus is drawn; one that is new there does not compile here. */
const DRAWN = {
  noConnectAck: ['hang connect'],
  refuseConnect: ['refuse connect'],
  noReply: ['hang publish', 'hang subscribe', 'hang local publish', 'hang local subscribe', 'hang configuration', 'hang lifecycle'],
  dropBeforeReply: [
    'drop before publish reply',
    'drop before subscribe reply',
    'drop before local publish reply',
    'drop before local subscribe reply',
    'drop before configuration reply',
    'drop before lifecycle reply',
  ],
  withholdReply: [
    'withhold publish',
    'release publish',
    'withhold subscribe',
    'release subscribe',
    'withhold local publish',
    'release local publish',
    'withhold local subscribe',
    'release local subscribe',
    'withhold configuration',
    'release configuration',
  ],
  messageBeforeReply: ['message before reply', 'local message before reply', { messageBeforeReply: { topicName: 't', payload: '' } }],
  burstThenTerminate: [{ burstThenEnd: [] }],
  terminateSubscriptions: ['end subscriptions', { endSubscriptions: [] }],
  killConnections: ['drop connection'],
  killAfterMessages: [{ dropAfterMessages: 1 }],
  killMidFrame: ['cut frame'],
  corruptFrames: ['corrupt frame'],
  splitFrames: [{ splitFrames: 1 }],
  glueFrames: [{ glueFrames: 2 }],
  loseSubscriptions: ['lose subscriptions', 'find subscriptions'],
  loseLocalSubscriptions: ['lose local subscriptions', 'find local subscriptions'],
  pubsubDaemonDown: ['stop pubsub daemon', 'start pubsub daemon'],
  spoolFull: ['spool full', 'spool free'],
  denySubscriptions: ['deny subscription'],
  withholdPubacks: ['withhold pubacks', 'release pubacks'],
  offline: ['offline', 'online'],
  brokerDown: ['broker down', 'broker up'],
  oldNucleus: ['old nucleus'],
  // What the others see of it. In virtual time a component cannot help reading, so that it is not itself the slow one.
  slowReaderBlocksAll: ['freeze nucleus', 'thaw nucleus'],
  // What it sees of having been slow.
  cutSlowReaders: ['drop connection'],
  removeSocketFile: ['remove socket', 'start nucleus'],
  fullBacklog: ['fill backlog', 'start nucleus'],
  unauthorized: ['unauthorized', 'authorized'],
  freeze: ['freeze nucleus', 'thaw nucleus'],
  nucleusDown: ['kill nucleus', 'start nucleus'],
  undoAll: ['all well'],
  undoUnreachable: ['start nucleus'],
  configurationDaemonDown: ['stop configuration daemon', 'start configuration daemon'],
  mqttDaemonHung: ['hang mqtt daemon', 'restart mqtt daemon'],
  // What all of these are drawn with. Nothing undoes other tokens.
  inflict: FAULT_NAMES.filter(word => word !== 'restart nucleus'),
} satisfies Record<keyof Faults, readonly Fault[]>;

describe('every fault of the local nucleus', () => {
  test('can be drawn, and "all well" undoes it', () => {
    const methods = Object.getOwnPropertyNames(Faults.prototype).filter(name => name !== 'constructor');
    expect(Object.keys(DRAWN).sort()).toEqual(methods.sort());
    const to = { topicName: 't', payload: '', qos: QOS.AT_LEAST_ONCE };
    for (const faults of Object.values<readonly Fault[]>(DRAWN)) {
      for (const fault of faults) {
        marbles(({ nucleus, expectStream }) => {
          nucleus.faults('-xy', { x: fault, y: 'all well' });
          expectStream(nucleus.proxy.publish$(to), '---^').toBeMarble('---(a|)', { a: { by: 'spooler' } });
          expectStream(nucleus.proxy.subscribe(to), '----^').toBeMarble('-----x');
          nucleus.messages('t', '-----x');
        })();
      }
    }
  });
});

test(
  'a frozen nucleus does all it was asked when it thaws, and nothing before',
  marbles(({ nucleus, expectStream, expectPublished }) => {
    nucleus.faults('--x 7ms y', { x: 'freeze nucleus', y: 'thaw nucleus' });
    nucleus.messages('t', '-a--b 15ms c');
    const to = { topicName: 't', payload: 'p', qos: QOS.AT_LEAST_ONCE };
    expectStream(nucleus.proxy.subscribe(to)).toBeMarble('-a--------(bp) 6ms c');
    expectStream(nucleus.proxy.publish$(to), '-----^').toBeMarble('----------(a|)', { a: { by: 'spooler' } });
    expectPublished('t').toBeMarble('----------p');
  }),
);

test(
  'lite: a configuration daemon that is away refuses what is allowed, a MQTT daemon that hangs answers after ten seconds',
  marbles(
    ({ nucleus, expectStream }) => {
      nucleus.faults('-a--b-c 20s d', {
        a: 'stop configuration daemon',
        b: 'start configuration daemon',
        c: 'hang mqtt daemon',
        d: 'restart mqtt daemon',
      });
      nucleus.messages('t', '-----x-----y 20s z');
      const to = { topicName: 't', payload: 'p', qos: QOS.AT_LEAST_ONCE };
      expectStream(nucleus.proxy.subscribe(to)).toBeMarble('-----x');
      expectStream(nucleus.proxy.publish$(to), '--^').toBeMarble('--(U|)', {}, { U: 'Unauthorized' });
      expectStream(nucleus.proxy.publish$({ ...to, topicName: 'u' }), '-------^').toBeMarble('------- 10s (F|)', {}, { F: 'ServiceFault' });
    },
    { profile: 'lite', connect: { publishTimeout: 20_000 } },
  ),
);

test(
  'a nucleus that was killed listens again after a restart, and takes its new tokens alone',
  marbles(({ nucleus, expectStream }) => {
    nucleus.faults('-x-y', { x: 'kill nucleus', y: 'restart nucleus' });
    const to = { topicName: 't', payload: 'p', qos: QOS.AT_LEAST_ONCE };
    expectStream(nucleus.proxy.publish$(to), '----^').toBeMarble('----(x|)', {}, { x: 'TokenRefused' });
  }),
);

test(
  'ten seconds without a nucleus, with an attempt each millisecond, are one gap; the attempts have no stack, which would be most of what they cost',
  marbles(({ nucleus, run, expectLane, expectSubscriptions }) => {
    const to = { topicName: 't', payload: 'p', qos: QOS.AT_LEAST_ONCE };
    const stacks = new Set<string | undefined>();
    nucleus.faults('--k 10s s', { k: 'kill nucleus', s: 'start nucleus' });
    nucleus.messages('t', '-a 10s -----b', { a: 'a', b: 'b' });
    nucleus.proxy.state$.subscribe(state => {
      if (state.status === 'interrupted' && state.error._tag === 'SocketUnavailable') stacks.add(state.error.stack?.split('\n    at ')[1]);
    });
    expectLane(run(nucleus.proxy.subscribe(to))).toBeMarble('-aI 10s ----b', { a: 'a', b: 'b' }, { I: 'Interrupted' });
    expectSubscriptions('t').toBe('^-!', '10003ms ^');
    nucleus.faults('10006ms -x', { x: () => expect(stacks).toEqual(new Set([undefined])) });
  }),
);
