import { describe, expect, it, onTestFinished } from 'vitest';
import { crtTransport } from '../../src/ipc/crt/crt-transport.js';
import { encodeRpcMessage, MessageFlag, MessageType, type RpcMessage, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import { Session, type Exchange, type SessionEnd, type SessionOptions, type SubscriptionExchange } from '../../src/ipc/session.js';
import { socketTransport } from '../../src/ipc/socket/socket-transport.js';
import { HandClock } from '../kit/time/hand-clock.js';
import {
  accepting,
  CONNECT_ACK,
  isRequest,
  isTerminate,
  startRawServer,
  type RawConnection,
  type RawServer,
} from '../kit/nucleus/raw-server.js';

const CONNECT_TIMEOUT = 10_000;
const EVENT = 'aws.greengrass#IoTCoreMessage';
const { ApplicationMessage, ApplicationError, ConnectAck, InternalError, Ping, ProtocolError } = MessageType;
const { TerminateStream } = MessageFlag;

const reply = (streamId: number, flags = 0): RpcMessageInit => ({
  type: ApplicationMessage,
  flags,
  streamId,
  payload: '{}',
});
const event = (streamId: number, payload: string): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType: EVENT,
  payload,
});
const failure = (streamId: number, payload = '{"_errorCode":"ServiceError"}'): RpcMessageInit => ({
  type: ApplicationError,
  flags: TerminateStream,
  streamId,
  modelType: 'aws.greengrass#ServiceError',
  payload,
});
const ended = (streamId: number): RpcMessageInit => ({ type: ApplicationMessage, flags: TerminateStream, streamId });

/** A session with everything its listeners were told, in order. */
interface Watched {
  readonly session: Session;
  readonly clock: HandClock;
  readonly told: string[];
  /** Resolves when this has been told, by now or later. */
  readonly hears: (what: string) => Promise<void>;
  readonly end: Promise<SessionEnd>;
  readonly request: (name: string) => Exchange;
  readonly subscribe: (name: string, during?: (what: string) => void) => SubscriptionExchange;
}

// A rejection nobody handles, and an exception nobody catches, fail the run: vitest sees to that.
describe.each([socketTransport, crtTransport])('a session over the $name transport', transport => {
  async function serve(script?: (connection: RawConnection) => void): Promise<RawServer> {
    const server = await startRawServer(script);
    onTestFinished(server.stop);
    return server;
  }

  function open(socketPath: string, options: Partial<SessionOptions> = {}): Watched {
    const clock = new HandClock();
    const told: string[] = [];
    const waiters = new Set<() => void>();
    const tell = (what: string): void => {
      told.push(what);
      for (const waiter of waiters) waiter();
    };
    let onEnd: (end: SessionEnd) => void;
    const end = new Promise<SessionEnd>(resolve => {
      onEnd = resolve;
    });
    const session = new Session(
      { transport, socketPath, authToken: 'ABCDEFGHIJKLMNOP', connectTimeout: CONNECT_TIMEOUT, clock, ...options },
      {
        onAccepted: () => {
          tell('accepted');
        },
        onEnd: reason => {
          tell(`end: ${reason.reason}`);
          onEnd(reason);
        },
      },
    );
    onTestFinished(async () => {
      session.close();
      await end;
    });
    return {
      session,
      clock,
      told,
      end,
      hears: what =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (told.includes(what)) resolve();
            else if (told.at(-1)?.startsWith('end: ') === true) reject(new Error(`over without "${what}": ${told.join(', ')}`));
            else return;
            waiters.delete(look);
          };
          waiters.add(look);
          look();
        }),
      request: name =>
        session.request(`test#${name}`, '{}', {
          onReply: ({ type, payload }) => {
            tell(`${name} ${type === ApplicationMessage ? 'replied' : 'failed'} ${payload}`);
          },
          onViolation: detail => {
            tell(`${name} violated: ${detail}`);
          },
          onLost: () => {
            tell(`${name} lost`);
          },
        }),
      subscribe: (name, during = () => undefined) => {
        const say = (what: string): void => {
          tell(`${name} ${what}`);
          during(what);
        };
        return session.subscribe(`test#${name}`, '{}', {
          onReply: () => {
            say('active');
          },
          onEvent: ({ payload }) => {
            say(payload);
          },
          onError: ({ payload }) => {
            say(`failed ${payload}`);
          },
          onViolation: detail => {
            say(`violated: ${detail}`);
          },
          onComplete: () => {
            say('complete');
          },
          onLost: () => {
            say('lost');
          },
        });
      },
    };
  }

  /** An accepted session, and the server's end of it. */
  async function accepted(
    answer?: (message: RpcMessage, connection: RawConnection) => void,
    options?: Partial<SessionOptions>,
  ): Promise<Watched & { readonly server: RawConnection }> {
    const server = await serve(accepting(answer));
    const watched = open(server.path, options);
    await watched.hears('accepted');
    return { ...watched, server: await server.connection() };
  }

  const onStream = (server: RawConnection, streamId: number): RpcMessage[] =>
    server.received.filter(message => message.streamId === streamId);

  describe('the handshake', () => {
    it('is accepted with the token, and then no timer is left', async () => {
      const { server, clock, told } = await accepted();
      expect(server.received).toMatchObject([
        { type: MessageType.Connect, flags: 0, streamId: 0, version: '0.1.0', payload: '{"authToken":"ABCDEFGHIJKLMNOP"}' },
      ]);
      expect(clock.pending).toBe(0);
      expect(told).toEqual(['accepted']);
    });

    it('is refused by a ConnectAck without the flag', async () => {
      const server = await serve(connection => {
        connection.onMessage = () => {
          connection.send({ type: ConnectAck, flags: 0, streamId: 0 });
          connection.end();
        };
      });
      const { end, clock, told } = open(server.path);
      expect(await end).toEqual({ reason: 'refused', silently: false });
      expect(told).toEqual(['end: refused']);
      expect(clock.pending).toBe(0);
    });

    it('is refused silently where the server closes instead of answering', async () => {
      const server = await serve(connection => {
        connection.onMessage = connection.end;
      });
      expect(await open(server.path).end).toEqual({ reason: 'refused', silently: true });
    });

    // aws-crt does not tell the two apart.
    it.runIf(transport.name === 'socket')(
      'is turned away, not refused, where the server closes without having read it: 30 rounds',
      async () => {
        const server = await serve(connection => {
          connection.pause();
          connection.kill();
        });
        for (let round = 0; round < 30; round++) expect(await open(server.path).end).toMatchObject({ reason: 'turned-away' });
      },
    );

    it('times out where no answer comes, and closes the connection', async () => {
      const server = await serve();
      const { end, clock, told } = open(server.path);
      const connection = await server.connection();
      await connection.message(({ type }) => type === MessageType.Connect);
      clock.advance(CONNECT_TIMEOUT - 1);
      expect(told).toEqual([]);
      clock.advance(1);
      expect(await end).toEqual({ reason: 'timed-out' });
      await connection.closed;
    });

    it('cannot begin where there is no socket', async () => {
      const server = await serve();
      const { end, clock } = open(`${server.path}.not`);
      expect(await end).toMatchObject({ reason: 'connect-failed', failure: { reason: 'missing' } });
      expect(clock.pending).toBe(0);
    });

    it('fails when the server reports an error of the protocol', async () => {
      const server = await serve(connection => {
        connection.onMessage = () => {
          connection.send({ type: ProtocolError, flags: 0, streamId: 0, payload: '{ "message": "no" }' });
        };
      });
      // aws-crt ends the connection over it and keeps the text to itself.
      const detail =
        transport.name === 'crt' ? 'AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR' : 'message type 6 on stream 0: { "message": "no" }';
      expect(await open(server.path).end).toEqual({ reason: 'protocol', detail });
    });

    it('ends within it where the session is closed', async () => {
      const server = await serve();
      const { session, end, clock } = open(server.path);
      const connection = await server.connection();
      session.close();
      expect(await end).toEqual({ reason: 'closed' });
      expect(clock.pending).toBe(0);
      await connection.closed;
    });
  });

  describe('streams', () => {
    it('have ids that follow each other without a gap, whatever came of them', async () => {
      const { server, request, subscribe, hears } = await accepted((message, connection) => {
        if (message.operation === 'test#b') connection.send(failure(message.streamId));
        else if (message.operation === 'test#c') connection.send(reply(message.streamId, TerminateStream));
        else if (message.operation === 'test#e') connection.send(reply(message.streamId));
      });
      subscribe('a').abandon();
      request('b');
      await hears('b failed {"_errorCode":"ServiceError"}');
      request('c');
      request('d').abandon();
      subscribe('e');
      await hears('e active');
      request('f');
      await server.message(({ operation }) => operation === 'test#f');
      expect(server.received.filter(isRequest).map(({ operation, streamId }) => [operation, streamId])).toEqual([
        ['test#a', 1],
        ['test#b', 2],
        ['test#c', 3],
        ['test#d', 4],
        ['test#e', 5],
        ['test#f', 6],
      ]);
    });

    it('that the server ended with its reply are not touched again', async () => {
      const { server, request, hears } = await accepted(({ streamId, flags }, connection) => {
        if (flags === 0) connection.send(reply(streamId, TerminateStream));
      });
      const operation = request('a');
      await hears('a replied {}');
      operation.abandon();
      request('after');
      await hears('after replied {}');
      expect(onStream(server, 1)).toHaveLength(1);
      expect(onStream(server, 2)).toHaveLength(1);
    });

    it('that the server leaves open after its reply are terminated, once', async () => {
      const { server, request, hears } = await accepted(({ streamId, flags }, connection) => {
        if (flags === 0) connection.send(reply(streamId));
      });
      const operation = request('a');
      await hears('a replied {}');
      operation.abandon();
      await server.message(isTerminate(1));
      request('after');
      await server.message(isTerminate(2));
      expect(onStream(server, 1)).toMatchObject([
        { operation: 'test#a', flags: 0 },
        { operation: undefined, type: ApplicationMessage, flags: TerminateStream, payload: '' },
      ]);
    });

    it('that ended with an error are not terminated', async () => {
      const { server, request, subscribe, hears } = await accepted(({ streamId, flags }, connection) => {
        if (flags === 0) connection.send(failure(streamId));
      });
      request('a');
      const subscription = subscribe('b');
      await hears('a failed {"_errorCode":"ServiceError"}');
      await hears('b failed {"_errorCode":"ServiceError"}');
      subscription.abandon();
      request('after');
      await hears('after failed {"_errorCode":"ServiceError"}');
      expect(server.received.filter(isTerminate())).toEqual([]);
    });

    it('of a request given up are terminated, and a late reply is nobody’s', async () => {
      const { server, request, told, hears } = await accepted(({ streamId, operation }, connection) => {
        if (operation === 'test#after') connection.send(reply(streamId - 1, TerminateStream), reply(streamId, TerminateStream));
      });
      const operation = request('a');
      operation.abandon();
      operation.abandon();
      await server.message(isTerminate(1));
      request('after');
      await hears('after replied {}');
      expect(told).toEqual(['accepted', 'after replied {}']);
      expect(onStream(server, 1)).toHaveLength(2);
    });

    const noReplies: readonly (readonly [string, Partial<RpcMessageInit>, string])[] = [
      ['no JSON', { payload: 'OK' }, 'the reply to test#a is no JSON object'],
      ['half a JSON', { payload: '{"a":' }, 'the reply to test#a is no JSON object'],
      ['a JSON array', { payload: '[]' }, 'the reply to test#a is no JSON object'],
      ['null', { payload: 'null' }, 'the reply to test#a is no JSON object'],
      ['another operation’s type', { modelType: 'test#bResponse' }, 'a message of the type test#bResponse came on the stream of test#a'],
      ['a type of endless length', { modelType: 'x'.repeat(300) }, `a message of the type ${'x'.repeat(200)} came on the stream of test#a`],
    ];

    it.each(noReplies)('answered with %s are violated, requests and subscriptions, and let go of', async (_, wrong, detail) => {
      const { server, request, subscribe, hears, told } = await accepted(({ streamId, operation }, connection) => {
        if (operation === 'test#a') connection.send({ ...reply(streamId), ...wrong });
        else if (operation === 'test#after') connection.send({ ...reply(streamId), modelType: 'test#afterResponse', payload: '{"a":1}' });
      });
      request('a');
      await hears(`a violated: ${detail}`);
      await server.message(isTerminate(1));
      subscribe('a');
      await server.message(isTerminate(2));
      request('after');
      await hears('after replied {"a":1}');
      expect(told).toEqual(['accepted', `a violated: ${detail}`, `a violated: ${detail}`, 'after replied {"a":1}']);
    });

    it('end with the session where the last id is taken', async () => {
      const { server, request, subscribe, hears, end, told } = await accepted(
        ({ streamId, operation }, connection) => {
          if (operation === 'test#a') connection.send(reply(streamId));
        },
        { maxStreams: 3 },
      );
      subscribe('a');
      await hears('a active');
      request('b');
      await server.message(({ operation }) => operation === 'test#b');
      expect(told).toEqual(['accepted', 'a active']);
      request('c');
      expect(await end).toEqual({ reason: 'stream-ids-exhausted' });
      expect(told.slice(2).sort()).toEqual(['a lost', 'b lost', 'c lost', 'end: stream-ids-exhausted']);
      expect(told.at(-1)).toBe('end: stream-ids-exhausted');
    });
  });

  describe('a subscription', () => {
    it('is active with the reply and then has its events in their order', async () => {
      const { subscribe, hears, told } = await accepted(({ streamId }, connection) => {
        connection.send(reply(streamId), event(streamId, '1'), event(streamId, '2'), event(streamId, '3'));
      });
      subscribe('s');
      await hears('s 3');
      expect(told).toEqual(['accepted', 's active', 's 1', 's 2', 's 3']);
    });

    it('has an event that came before the reply after it', async () => {
      const { subscribe, server, hears, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      server.send(event(streamId, '1'), event(streamId, '2'), reply(streamId), event(streamId, '3'));
      await hears('s 3');
      expect(told).toEqual(['accepted', 's active', 's 1', 's 2', 's 3']);
    });

    it('waits for the reply with at most 1,000 events, and loses none', async () => {
      const { subscribe, server, hears, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      const texts = Array.from({ length: 1_500 }, (_, index) => String(index));
      server.send(...texts.slice(0, 999).map(text => event(streamId, text)), { type: Ping, flags: 0, streamId: 0 });
      server.send(...texts.slice(999).map(text => event(streamId, text)));
      await hears('s 1499');
      server.send(reply(streamId), event(streamId, 'last'));
      await hears('s last');
      expect(told).toEqual(['accepted', 's active', ...texts.map(text => `s ${text}`), 's last']);
    });

    it('waits for the reply with at most 4 Mi characters of events', async () => {
      const { subscribe, server, hears, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      const texts = ['1', '2', '3'].map(text => text + 'x'.repeat(2 * 1024 * 1024));
      server.send(...texts.map(text => event(streamId, text)));
      await hears(`s ${texts[2] ?? ''}`);
      expect(told.slice(0, 3)).toEqual(['accepted', 's active', `s ${texts[0] ?? ''}`]);
    });

    it('whose reply does not come may take the events before it for it, and the late reply is none of its events', async () => {
      const { subscribe, server, hears, told } = await accepted();
      const subscription = subscribe('s');
      const { streamId } = await server.message(isRequest);
      expect(subscription.takeEventsForReply()).toBe(false);
      server.send(event(streamId, '1'), event(streamId, '2'), { type: Ping, flags: 0, streamId: 0 });
      const fence = subscribe('fence');
      server.send(reply((await server.message(({ operation }) => operation === 'test#fence')).streamId));
      await hears('fence active');
      fence.abandon();
      expect(subscription.takeEventsForReply()).toBe(true);
      expect(subscription.takeEventsForReply()).toBe(false);
      server.send(reply(streamId), event(streamId, '3'));
      await hears('s 3');
      expect(told).toEqual(['accepted', 'fence active', 's active', 's 1', 's 2', 's 3']);
    });

    it.each([
      ['an error', (streamId: number) => failure(streamId, 'why'), 's failed why'],
      [
        'what is no reply',
        (streamId: number) => ({ ...reply(streamId), payload: 'no JSON' }),
        's violated: the reply to test#s is no JSON object',
      ],
    ])('has the events that came before %s', async (_, end, last) => {
      const { subscribe, server, hears, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      server.send(event(streamId, '1'), end(streamId));
      await hears(last);
      expect(told).toEqual(['accepted', 's active', 's 1', last]);
    });

    it('was active if an event came and the end instead of the reply', async () => {
      const { subscribe, server, hears, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      server.send(event(streamId, '1'), ended(streamId));
      await hears('s complete');
      expect(told).toEqual(['accepted', 's active', 's 1', 's complete']);
    });

    it('was active if an event came and the connection broke before the reply', async () => {
      const { subscribe, server, end, told } = await accepted();
      subscribe('s');
      const { streamId } = await server.message(isRequest);
      server.send(event(streamId, '1'));
      server.end();
      expect(await end).toMatchObject({ reason: 'lost' });
      expect(told).toEqual(['accepted', 's active', 's 1', 's lost', 'end: lost']);
    });

    it('given up at the reply has none of the events that had come before it', async () => {
      const { subscribe, server, told } = await accepted();
      const subscription = subscribe('s', what => {
        if (what === 'active') subscription.abandon();
      });
      const { streamId } = await server.message(isRequest);
      server.send(event(streamId, '1'), reply(streamId), event(streamId, '2'));
      await server.message(isTerminate(streamId));
      expect(told).toEqual(['accepted', 's active']);
    });

    it('given up is terminated once and hears nothing more', async () => {
      const { subscribe, request, server, hears, told } = await accepted(({ streamId, operation }, connection) => {
        if (operation === 'test#s') connection.send(reply(streamId), event(streamId, '1'));
        if (operation === 'test#after') connection.send(event(1, 'late'), reply(streamId, TerminateStream));
      });
      const subscription = subscribe('s');
      await hears('s 1');
      subscription.abandon();
      subscription.abandon();
      await server.message(isTerminate(1));
      request('after');
      await hears('after replied {}');
      expect(told).toEqual(['accepted', 's active', 's 1', 'after replied {}']);
      expect(onStream(server, 1).filter(isTerminate())).toHaveLength(1);
    });

    it('that the server ends has all its events first, and is not terminated again', async () => {
      const texts = Array.from({ length: 3_000 }, (_, index) => String(index));
      const { subscribe, request, server, hears, told } = await accepted(({ streamId, operation }, connection) => {
        if (operation === 'test#s') connection.send(reply(streamId), ...texts.map(text => event(streamId, text)), ended(streamId));
        else connection.send(reply(streamId, TerminateStream));
      });
      const subscription = subscribe('s');
      await hears('s complete');
      subscription.abandon();
      request('after');
      await hears('after replied {}');
      expect(told).toEqual(['accepted', 's active', ...texts.map(text => `s ${text}`), 's complete', 'after replied {}']);
      expect(server.received.filter(isTerminate())).toEqual([]);
    });

    it('that fails after it was active hears of it once', async () => {
      const { subscribe, server, hears, told } = await accepted(({ streamId }, connection) => {
        connection.send(reply(streamId), event(streamId, '1'), failure(streamId, 'why'));
      });
      subscribe('s').abandon();
      subscribe('t');
      await hears('t failed why');
      server.send({ type: Ping, flags: 0, streamId: 0 });
      expect(told).toEqual(['accepted', 't active', 't 1', 't failed why']);
    });
  });

  describe('settles everything when the connection', () => {
    const deaths: readonly (readonly [string, (server: RawConnection) => void, SessionEnd['reason']])[] = [
      ['is closed', server => server.end(), 'lost'],
      ['is destroyed', server => server.kill(), 'lost'],
      [
        'breaks within a frame',
        server => {
          server.sendBytes(encodeRpcMessage(reply(1)).subarray(0, 40));
          server.end();
        },
        'lost',
      ],
      [
        'brings a wrong checksum',
        server => {
          const frame = encodeRpcMessage(reply(1));
          frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1);
          server.sendBytes(frame);
        },
        'protocol',
      ],
      ['brings garbage', server => server.sendBytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), 'protocol'],
      [
        'reports an error of the protocol',
        server => server.send({ type: ProtocolError, flags: 0, streamId: 0, payload: '{}' }),
        'protocol',
      ],
      [
        'reports an internal error, in JSON that is none',
        server => server.send({ type: InternalError, flags: 0, streamId: 0, payload: '{ "error": "x" }"message": "y" }' }),
        'protocol',
      ],
      ['brings a message of a stream that was never opened', server => server.send(event(77, '1')), 'protocol'],
    ];

    it.each(deaths)('%s', async (_, kill, reason) => {
      const { subscribe, request, server, hears, end, told, session } = await accepted(({ streamId, operation }, connection) => {
        if (operation === 'test#active') connection.send(reply(streamId));
      });
      subscribe('active');
      await hears('active active');
      subscribe('asked');
      request('pending');
      request('abandoned').abandon();
      await server.message(isTerminate(4));
      kill(server);
      expect(await end).toMatchObject({ reason });
      expect(told.slice(2).sort()).toEqual(['active lost', 'asked lost', `end: ${reason}`, 'pending lost'].sort());
      expect(told.at(-1)).toBe(`end: ${reason}`);
      const late = new Promise<void>(resolve =>
        session.request('test#late', '{}', { onReply: () => undefined, onViolation: () => undefined, onLost: resolve }),
      );
      await late;
    });

    it('is closed by us', async () => {
      const { subscribe, request, server, end, told, session } = await accepted();
      subscribe('s');
      request('r');
      await server.message(({ operation }) => operation === 'test#r');
      session.close();
      session.close();
      expect(await end).toEqual({ reason: 'closed' });
      expect(told).toEqual(['accepted', 's lost', 'r lost', 'end: closed']);
      await server.closed;
    });
  });

  it('lets a ping of the server pass', async () => {
    const { server, request, hears } = await accepted(({ streamId }, connection) => {
      connection.send({ type: Ping, flags: 0, streamId: 0 }, reply(streamId, TerminateStream));
    });
    request('a');
    await hears('a replied {}');
    expect(server.received.filter(({ streamId }) => streamId === 0)).toHaveLength(1);
  });

  it('takes a second ConnectAck for an error of the protocol', async () => {
    const { server, end } = await accepted();
    server.send(CONNECT_ACK);
    expect(await end).toMatchObject({ reason: 'protocol' });
  });
});
