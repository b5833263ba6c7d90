import { describe, expect, it, onTestFinished } from 'vitest';
import { crtTransport } from '../../src/ipc/crt/crt-transport.js';
import { MessageType, type RpcMessage } from '../../src/ipc/wire/rpc-message.js';
import { Session } from '../../src/ipc/session.js';
import { PUBLISH, SUBSCRIBE } from '../../src/shared/operations.js';
import { socketTransport } from '../../src/ipc/socket/socket-transport.js';
import { connect } from '../../src/client/connect.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { replyError } from '../../src/client/failures.js';
import { HandClock } from '../kit/time/hand-clock.js';
import { COMPONENT, startNucleus } from './nucleus-subject.js';

const GOOD = { topicName: 'test/a', qos: '1', payload: 'aGk=' };
const { payload: _, ...noPayload } = GOOD;
const { qos: __, ...noQos } = GOOD;
const { topicName: ___, ...noTopic } = GOOD;
const json = JSON.stringify;

/** What each server makes of a request that the proxy would never send: the typed error, or success. */
const REQUESTS: readonly (readonly [string, typeof PUBLISH | typeof SUBSCRIBE, string, Record<Profile, object>])[] = [
  ['is no JSON', PUBLISH, '{"topicName":', both({ _tag: 'ServiceFault' }, { reason: 'InternalError' }, { reason: 'Unclassified' })],
  ['is an array', PUBLISH, '[]', both({ _tag: 'ServiceFault' }, { reason: 'InternalError' }, { reason: 'Unclassified' })],
  [
    'is empty',
    PUBLISH,
    '',
    // The classic nucleus trips over the missing request, and says so.
    { classic: { _tag: 'InvalidRequest', foundBy: 'nucleus' }, lite: { _tag: 'ServiceFault', reason: 'Unclassified' } },
  ],
  ['has no topic', PUBLISH, json(noTopic), both({ _tag: 'InvalidRequest', foundBy: 'nucleus' })],
  [
    'has no payload',
    PUBLISH,
    json(noPayload),
    { classic: { _tag: 'InvalidRequest', foundBy: 'nucleus' }, lite: { type: MessageType.ApplicationMessage } },
  ],
  [
    'has no qos',
    PUBLISH,
    json(noQos),
    { classic: { _tag: 'InvalidRequest', foundBy: 'nucleus' }, lite: { type: MessageType.ApplicationMessage } },
  ],
  ['has qos 3', PUBLISH, json({ ...GOOD, qos: '3' }), both({ _tag: 'InvalidRequest', foundBy: 'nucleus' })],
  [
    'has a payload that is no base64',
    PUBLISH,
    json({ ...GOOD, payload: '!' }),
    { classic: { _tag: 'ServiceFault', reason: 'InternalError' }, lite: { _tag: 'InvalidRequest', foundBy: 'nucleus' } },
  ],
  ['subscribes to nothing', SUBSCRIBE, '{"qos":"1"}', both({ _tag: 'InvalidRequest', foundBy: 'nucleus' })],
];

function both(error: object, classic: object = {}, lite: object = {}): Record<Profile, object> {
  return { classic: { ...error, ...classic }, lite: { ...error, ...lite } };
}

const SUBJECTS = [socketTransport, crtTransport].flatMap(transport =>
  (['classic', 'lite'] as const).map(profile => ({ name: `${transport.name} to a ${profile} nucleus`, transport, profile })),
);

describe.each(SUBJECTS)('$name', ({ transport, profile }) => {
  it('has a typed error for each malformed request, and the connection goes on', async () => {
    const nucleus = await startNucleus(profile);
    onTestFinished(nucleus.stop);
    let onEnd: (reason: string) => void;
    const end = new Promise<string>(resolve => {
      onEnd = resolve;
    });
    const session = await new Promise<Session>(resolve => {
      const session: Session = new Session(
        {
          transport,
          socketPath: nucleus.socketPath,
          authToken: nucleus.authToken(COMPONENT),
          connectTimeout: 10_000,
          clock: new HandClock(),
        },
        { onAccepted: () => resolve(session), onEnd: ({ reason }) => onEnd(reason) },
      );
    });
    const ask = (operation: string, payload: string): Promise<RpcMessage> =>
      new Promise((resolve, reject) => {
        session.request(operation, payload, {
          onReply: resolve,
          onViolation: detail => reject(new Error(detail)),
          onLost: () => reject(new Error('lost')),
        });
      });
    for (const [what, operation, payload, expected] of REQUESTS) {
      const reply = await ask(operation, payload);
      const error = reply.type === MessageType.ApplicationError ? replyError('message', operation, 'test/a', reply) : reply;
      expect(error, `a request that ${what}`).toMatchObject(expected[profile]);
    }
    const unknown = await ask('aws.greengrass#NoSuchOperation', '{}');
    expect(unknown.type).toBe(MessageType.ApplicationError);
    expect(await ask(PUBLISH, json(GOOD))).toMatchObject({ type: MessageType.ApplicationMessage, payload: '{}' });
    expect(nucleus.connections).toBe(1);
    session.close();
    expect(await end).toBe('closed');
  });

  it('refuses a token it did not give, and one of before its restart', async () => {
    const nucleus = await startNucleus(profile);
    onTestFinished(nucleus.stop);
    const options = { socketPath: nucleus.socketPath, transport: transport.name };
    const stranger = connect({ ...options, authToken: 'c3RyYW5nZXI=' });
    onTestFinished(() => stranger.close());
    expect(await stranger.ready()()).toMatchObject({ left: { _tag: 'TokenRefused', afterSuccess: false } });

    const survivor = connect({ ...options, authToken: nucleus.authToken(COMPONENT) });
    onTestFinished(() => survivor.close());
    expect(await survivor.ready()()).toMatchObject({ right: { profile } });
    const failed = new Promise<object>(resolve => {
      survivor.state$.subscribe(state => {
        if (state.status === 'failed') resolve(state.error);
      });
    });
    await nucleus.restart();
    expect(await failed).toMatchObject({ _tag: 'TokenRefused', afterSuccess: true });
  });
});
