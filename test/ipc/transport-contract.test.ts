import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { crtTransport } from '../../src/ipc/crt/crt-transport.js';
import { socketTransport } from '../../src/ipc/socket/socket-transport.js';
import { MAX_SOCKET_PATH } from '../../src/shared/socket-path.js';
import { encodeFrame } from '../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../src/ipc/wire/headers.js';
import { encodeRpcMessage, MessageFlag, MessageType, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import {
  accepting,
  CONNECT_ACK,
  isRequest,
  isTerminate,
  type RawConnection,
  type RawServer,
  startRawServer,
} from '../kit/nucleus/raw-server.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { record, type Recording } from './recording.js';

const application = (streamId: number, payload = '{}', flags = 0): RpcMessageInit => ({
  type: MessageType.ApplicationMessage,
  flags,
  streamId,
  payload,
});
const terminating = (streamId: number, payload = '{}'): RpcMessageInit => application(streamId, payload, MessageFlag.TerminateStream);

// A rejection nobody handles, and an exception nobody catches, fail the run: vitest sees to that.
describe.each([socketTransport, crtTransport])('the $name transport', transport => {
  async function serve(script?: (connection: RawConnection) => void): Promise<RawServer> {
    const server = await startRawServer(script);
    onTestFinished(server.stop);
    return server;
  }

  function connect(path: string): Recording {
    const recording = record(transport, path);
    onTestFinished(() => {
      recording.connection.close();
    });
    return recording;
  }

  /** Connected, and accepted by the server. */
  async function accepted(script: (connection: RawConnection) => void): Promise<Recording & { readonly server: RawConnection }> {
    const server = await serve(script);
    const recording = connect(server.path);
    await recording.opened();
    recording.connection.sendConnect('{"authToken":"ABCDEFGHIJKLMNOP"}');
    await recording.until(({ what }) => what === 'message');
    return { ...recording, server: await server.connection() };
  }

  describe('opening', () => {
    it('sends the Connect and brings the answer', async () => {
      const { server, told } = await accepted(accepting());
      expect(server.received).toEqual([
        {
          type: MessageType.Connect,
          flags: 0,
          streamId: 0,
          version: '0.1.0',
          payload: '{"authToken":"ABCDEFGHIJKLMNOP"}',
          contentType: undefined,
          modelType: undefined,
          operation: undefined,
        },
      ]);
      expect(told).toMatchObject([
        { what: 'open' },
        { what: 'message', message: { type: MessageType.ConnectAck, flags: 1, streamId: 0, payload: '' } },
      ]);
    });

    it('tells nobody anything within the call', async () => {
      const server = await serve();
      const recording = connect(server.path);
      expect(recording.told).toEqual([]);
      await recording.opened();
    });

    // aws-crt takes an answer that nobody asked for as a breach of the protocol.
    it.skipIf(transport.name === 'crt')('opens before it brings what a server said unasked', async () => {
      const server = await serve(connection => {
        connection.send(CONNECT_ACK);
      });
      const recording = connect(server.path);
      await recording.until(({ what }) => what === 'message');
      expect(recording.names()).toEqual(['open', 'message']);
    });

    // With aws-crt this may abort the process (event_stream.c:186): see crt-transport.test.ts.
    it.skipIf(transport.name === 'crt')('opens and is closed when the peer accepts and closes at once', async () => {
      const server = await serve(connection => {
        connection.kill();
      });
      for (let round = 0; round < 20; round++) {
        const recording = connect(server.path);
        await recording.over();
        expect(recording.names()).toEqual(['open', 'close']);
        expect(recording.told[1]).toMatchObject({ reason: { reason: 'peer' } });
      }
    });
  });

  describe('failing to open', () => {
    async function failure(path: string): Promise<unknown> {
      const recording = connect(path);
      expect(recording.told).toEqual([]);
      await recording.over();
      recording.connection.close();
      await new Promise(resolve => setImmediate(resolve));
      expect(recording.names()).toEqual(['connect-failure']);
      const [told] = recording.told;
      return told?.what === 'connect-failure' ? told.failure : undefined;
    }

    async function folder(): Promise<string> {
      return dirname((await serve()).path);
    }

    it('says that nothing is at the path', async () => {
      expect(await failure(`${(await serve()).path}.none`)).toMatchObject({ reason: 'missing', cause: expect.any(Error) as unknown });
    });

    // Files, modes, backlogs and the length of addresses: a pipe of Windows has none of them.
    it.skipIf(IS_WINDOWS)('says that a regular file or a folder is no server', async () => {
      const file = join(await folder(), 'file');
      await writeFile(file, '');
      expect(await failure(file)).toMatchObject({ reason: 'refused', cause: expect.any(Error) as unknown });
      expect(await failure(dirname(file))).toMatchObject({ reason: 'refused' });
    });

    it.skipIf(IS_WINDOWS)('says that the server behind a stale socket is gone', async () => {
      const path = join(await folder(), 'live');
      const stale = join(dirname(path), 'stale');
      const server = createServer().listen(path);
      await once(server, 'listening');
      // Under another name, since Node removes the file when it closes the server.
      await rename(path, stale);
      await new Promise(resolve => server.close(resolve));
      expect(await failure(stale)).toMatchObject({ reason: 'refused' });
    });

    it.skipIf(IS_WINDOWS || process.getuid?.() === 0)('says that permission is missing', async () => {
      const path = (await serve()).path;
      await chmod(path, 0);
      expect(await failure(path)).toMatchObject({ reason: 'permission' });
    });

    it.skipIf(IS_WINDOWS)('says that the server is busy when its backlog is full', async () => {
      const path = join(await folder(), 'busy');
      const script = `require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log('listening'))`;
      const server = spawn(process.execPath, ['--eval', script, '--', path], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(async () => {
        server.kill('SIGKILL');
        if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      });
      await once(server.stdout, 'data');
      server.kill('SIGSTOP');
      for (let connections = 0; connections < 20; connections++) {
        const recording = connect(path);
        await recording.until(({ what }) => what === 'open' || what === 'connect-failure');
        const [told] = recording.told;
        if (told?.what !== 'connect-failure') continue;
        expect(told.failure).toMatchObject({ reason: 'busy', cause: expect.any(Error) as unknown });
        return;
      }
      expect.fail('no backlog was ever full');
    });

    it.skipIf(IS_WINDOWS)('says that a path is too long, counted in bytes, and takes the longest', async () => {
      const base = await folder();
      const rest = MAX_SOCKET_PATH - Buffer.byteLength(base) - 1;
      expect(await failure(join(base, 'x'.repeat(rest + 1)))).toEqual({
        reason: 'path-too-long',
        length: MAX_SOCKET_PATH + 1,
        limit: MAX_SOCKET_PATH,
      });
      expect(await failure(join(base, 'é'.repeat(rest)))).toMatchObject({ reason: 'path-too-long', length: MAX_SOCKET_PATH + rest });
      const longest = join(base, 'x'.repeat(rest));
      const server = createServer().listen(longest);
      await once(server, 'listening');
      onTestFinished(
        () =>
          new Promise<void>(resolve =>
            server.close(() => {
              resolve();
            }),
          ),
      );
      const recording = connect(longest);
      await recording.opened();
      recording.connection.close();
      await recording.over();
    });

    it.skipIf(IS_WINDOWS)('gives a reason for an empty path and for one with a file in its middle', async () => {
      const file = join(await folder(), 'file');
      await writeFile(file, '');
      expect(await failure('')).toMatchObject({ reason: expect.stringMatching(/refused|other/) as unknown });
      expect(await failure(join(file, 'ipc.sock'))).toMatchObject({ reason: 'other' });
    });
  });

  describe('streams', () => {
    it('get consecutive ids in the order in which they are opened', async () => {
      const { server, open } = await accepted(accepting());
      for (let i = 1; i <= 100; i++) open(String(i), `{"i":${i}}`);
      await server.message(({ streamId }) => streamId === 100);
      expect(server.received.filter(isRequest).map(({ streamId, operation, payload }) => ({ streamId, operation, payload }))).toEqual(
        Array.from({ length: 100 }, (_, i) => ({ streamId: i + 1, operation: `test#${i + 1}`, payload: `{"i":${i + 1}}` })),
      );
    });

    it('bring all fields of a message, and the empty text for an empty payload', async () => {
      const { open, until } = await accepted(
        accepting((_, connection) => {
          connection.send({ ...application(1, '{"ü":"😀"}'), contentType: 'application/json', modelType: 'aws.greengrass#IoTCoreMessage' });
          connection.send({ ...application(1, ''), type: MessageType.ApplicationError });
        }),
      );
      open('one');
      const full = await until(({ what }) => what === 'stream-message');
      const empty = await until(told => told.what === 'stream-message' && told.message.type === MessageType.ApplicationError);
      const absent = { operation: undefined, version: undefined };
      expect(full).toEqual({
        what: 'stream-message',
        stream: 'one',
        message: {
          ...absent,
          type: 0,
          flags: 0,
          streamId: 1,
          contentType: 'application/json',
          modelType: 'aws.greengrass#IoTCoreMessage',
          payload: '{"ü":"😀"}',
        },
      });
      expect(empty).toMatchObject({
        message: { ...absent, type: 1, flags: 0, streamId: 1, contentType: undefined, modelType: undefined, payload: '' },
      });
    });

    it('carry a megabyte each way', async () => {
      const megabyte = `"${'é'.repeat(524_287)}"`;
      const { open, until, server } = await accepted(
        accepting(({ streamId, payload }, connection) => {
          connection.send(terminating(streamId, payload));
        }),
      );
      open('one', megabyte);
      expect(await until(({ what }) => what === 'stream-message')).toMatchObject({ message: { payload: megabyte } });
      expect(server.received.at(-1)?.payload).toBe(megabyte);
    });

    it('know header names in any letter case', async () => {
      const frame = encodeFrame(
        encodeHeaders([
          [':Message-Type', { type: 'integer', value: 0 }],
          [':MESSAGE-FLAGS', { type: 'integer', value: 0 }],
          [':Stream-Id', { type: 'integer', value: 1 }],
          ['Service-Model-Type', { type: 'string', value: 'M' }],
        ]),
        '{}',
      );
      const { open, until } = await accepted(
        accepting((_, connection) => {
          connection.sendBytes(frame);
        }),
      );
      open('one');
      expect(await until(({ what }) => what === 'stream-message')).toMatchObject({
        message: { type: 0, flags: 0, streamId: 1, modelType: 'M' },
      });
    });

    it('get a reply that terminates them, and then nothing more: 300 rounds', async () => {
      const { open, until, told, connection, over } = await accepted(
        accepting(({ streamId }, server) => {
          server.send(terminating(streamId, 'reply'));
        }),
      );
      for (let round = 1; round <= 300; round++) {
        open(String(round));
        await until(one => one.what === 'stream-message' && one.stream === String(round));
      }
      connection.close();
      await over();
      expect(told.filter(({ what }) => what === 'stream-end')).toEqual([]);
      expect(told.filter(({ what }) => what === 'stream-message')).toHaveLength(300);
    });

    it('get each its own of replies that come in one write, 64 in flight', async () => {
      const replies: RpcMessageInit[] = [];
      const { open, until, told } = await accepted(
        accepting(({ streamId, payload }, server) => {
          replies.push(terminating(streamId, payload));
          if (replies.length % 64 === 0) server.send(...replies.slice(-64).reverse());
        }),
      );
      for (let i = 1; i <= 1280; i++) {
        open(String(i), String(i));
        if (i % 64 === 0) for (let j = i - 63; j <= i; j++) await until(one => one.what === 'stream-message' && one.stream === String(j));
      }
      const messages = told.filter(one => one.what === 'stream-message');
      expect(messages).toHaveLength(1280);
      for (const { stream, message } of messages) expect(message.payload).toBe(stream);
    });

    it('end when the connection does, before it, each once', async () => {
      const { open, server, over, names } = await accepted(accepting());
      open('one');
      open('two');
      await server.message(({ streamId }) => streamId === 2);
      server.kill();
      await over();
      // aws-crt tells the ends of streams in any order.
      const [opened, accepts, ...ends] = names();
      expect([opened, accepts, ends.pop()]).toEqual(['open', 'message', 'close']);
      expect(ends.sort()).toEqual(['stream-end one', 'stream-end two']);
    });

    it('end at once on a connection that has ended', async () => {
      const { open, server, over, names } = await accepted(accepting());
      server.kill();
      await over();
      open('late');
      expect(names()).toEqual(['open', 'message', 'close']);
      await new Promise(resolve => setImmediate(resolve));
      expect(names()).toEqual(['open', 'message', 'close', 'stream-end late']);
    });
  });

  describe('terminate', () => {
    it('is sent once, and what comes after it is not delivered', async () => {
      const { open, server, until, names } = await accepted(
        accepting((message, connection) => {
          if (isTerminate()(message)) connection.send(application(1, 'late'));
          else connection.send(application(message.streamId, 'event'));
        }),
      );
      const one = open('one');
      await until(({ what }) => what === 'stream-message');
      one.terminate();
      one.terminate();
      await server.message(isTerminate(1));
      open('two');
      await until(told => told.what === 'stream-message' && told.stream === 'two');
      expect(server.received.filter(isTerminate())).toMatchObject([
        { type: 0, flags: MessageFlag.TerminateStream, streamId: 1, payload: '' },
      ]);
      expect(names()).toEqual(['open', 'message', 'stream-message one', 'stream-message two']);
    });

    it('follows its request when called right after it', async () => {
      const { open, server } = await accepted(accepting());
      for (let i = 1; i <= 50; i++) open(String(i)).terminate();
      await server.message(isTerminate(50));
      for (let i = 1; i <= 50; i++) {
        const at = (fits: (message: { streamId: number }) => boolean): number =>
          server.received.findIndex(message => message.streamId === i && fits(message));
        expect(at(() => true)).toBeLessThan(server.received.findIndex(isTerminate(i)));
      }
      expect(server.received.filter(isTerminate())).toHaveLength(50);
    });

    it('is sent when called as the reply comes, on a stream the server left open', async () => {
      const { open, server, told } = await accepted(
        accepting((message, connection) => {
          if (!isTerminate()(message)) connection.send(application(message.streamId));
        }),
      );
      for (let i = 1; i <= 300; i++) {
        open(String(i), '{}', (_, stream) => {
          stream.terminate();
        });
        await server.message(isTerminate(i));
      }
      expect(server.received.filter(isTerminate())).toHaveLength(300);
      expect(told.filter(({ what }) => what === 'stream-end')).toEqual([]);
    });

    it('is not sent on a stream the server has terminated', async () => {
      const { open, server, told } = await accepted(
        accepting((message, connection) => {
          if (!isTerminate()(message)) connection.send(terminating(message.streamId));
        }),
      );
      let seen = 0;
      await new Promise<void>(resolve => {
        for (let i = 1; i <= 100; i++) {
          open(String(i), '{}', (_, stream) => {
            stream.terminate();
            setImmediate(() => {
              stream.terminate();
            });
            if (++seen === 100) resolve();
          });
        }
      });
      // A request after them shows that nothing else was sent before it.
      await new Promise(resolve => setImmediate(resolve));
      open('last');
      await server.message(({ streamId }) => streamId === 101);
      expect(server.received.filter(isTerminate())).toEqual([]);
      expect(told.filter(({ what }) => what === 'stream-end')).toEqual([]);
    });
  });

  describe('the end of a connection', () => {
    it('comes after all that lay in front of it: 3000 events, a terminate, and the server is gone', async () => {
      const { open, over, told, names } = await accepted(
        accepting((_, connection) => {
          connection.send(...Array.from({ length: 3000 }, (_, i) => application(1, String(i))), terminating(1, 'last'));
          connection.end();
        }),
      );
      open('burst');
      await over();
      const payloads = told.flatMap(one => (one.what === 'stream-message' ? [one.message.payload] : []));
      expect(payloads).toEqual([...Array.from({ length: 3000 }, (_, i) => String(i)), 'last']);
      expect(names().slice(-2)).toEqual(['stream-message burst', 'close']);
    });

    it('comes after the events of all streams, and their ends come between', async () => {
      const { open, over, told, names } = await accepted(
        accepting(({ streamId }, connection) => {
          if (streamId < 3) return;
          connection.send(...Array.from({ length: 6000 }, (_, i) => application((i % 3) + 1, String(i))));
          connection.end();
        }),
      );
      for (const name of ['a', 'b', 'c']) open(name);
      await over();
      const payloads = (name: string): string[] =>
        told.flatMap(one => (one.what === 'stream-message' && one.stream === name ? [one.message.payload] : []));
      for (const [i, name] of ['a', 'b', 'c'].entries())
        expect(payloads(name)).toEqual(Array.from({ length: 2000 }, (_, n) => String(n * 3 + i)));
      for (const name of ['a', 'b', 'c'])
        expect(names().lastIndexOf(`stream-message ${name}`)).toBeLessThan(names().indexOf(`stream-end ${name}`));
      expect(names().slice(-4).sort()).toEqual(['close', 'stream-end a', 'stream-end b', 'stream-end c']);
      expect(names().at(-1)).toBe('close');
    });

    it('comes after a ConnectAck that refuses: 100 rounds', async () => {
      const refusal = { type: MessageType.ConnectAck, flags: 0, streamId: 0 };
      const server = await serve(connection => {
        connection.onMessage = () => {
          connection.send(refusal);
          connection.end();
        };
      });
      for (let round = 0; round < 100; round++) {
        const recording = connect(server.path);
        await recording.opened();
        recording.connection.sendConnect('{}');
        await recording.over();
        expect(recording.told).toMatchObject([
          { what: 'open' },
          { what: 'message', message: refusal },
          { what: 'close', reason: { reason: 'peer' } },
        ]);
      }
    });

    it('comes after a ProtocolError: 30 rounds', async () => {
      const protocolError = { type: MessageType.ProtocolError, flags: 0, streamId: 0, payload: '{ "message": "no" }' };
      for (let round = 0; round < 30; round++) {
        const { open, over, told, names } = await accepted(
          accepting((_, connection) => {
            connection.send(protocolError);
            connection.end();
          }),
        );
        open('one');
        await over();
        expect(names()).toEqual(['open', 'message', 'message', 'stream-end one', 'close']);
        expect(told[2]).toMatchObject({ message: protocolError });
        expect(told[4]).toMatchObject({ reason: { reason: 'peer' } });
      }
    });

    it('comes after the messages in front of a frame that is cut off', async () => {
      const { open, over, names, told } = await accepted(
        accepting((_, connection) => {
          connection.sendBytes(Buffer.concat([encodeRpcMessage(application(1)), encodeRpcMessage(application(1)).subarray(0, 30)]));
          connection.end();
        }),
      );
      open('one');
      await over();
      expect(names()).toEqual(['open', 'message', 'stream-message one', 'stream-end one', 'close']);
      expect(told.at(-1)).toMatchObject({ reason: { reason: 'peer' } });
    });

    const damaged = encodeRpcMessage(application(1));
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const tooLong = Buffer.from('ffffffff0000000000000000', 'hex');
    tooLong.writeUInt32BE(crc32(tooLong.subarray(0, 8)), 8);
    it.each([
      { what: 'a wrong checksum', bytes: damaged },
      { what: 'bytes that are no frame', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
      { what: 'a length over the limit', bytes: tooLong },
      { what: 'a frame that is no RPC message', bytes: encodeFrame(encodeHeaders([['x', { type: 'boolean', value: true }]]), '{}') },
      { what: 'a header type that does not exist', bytes: encodeFrame(Buffer.from([1, 65, 99]), '{}') },
      { what: 'a message on a stream never opened', bytes: encodeRpcMessage(application(7)) },
      { what: 'a message on the stream after the last one opened', bytes: encodeRpcMessage(application(2)) },
      { what: 'a message on a stream below 0', bytes: encodeRpcMessage(application(-1)) },
    ])('comes for $what, after the messages in front of it', async ({ bytes }) => {
      const { open, over, names, told } = await accepted(
        accepting((message, connection) => {
          if (isRequest(message)) connection.sendBytes(Buffer.concat([encodeRpcMessage(application(1)), bytes]));
        }),
      );
      open('one');
      await over();
      expect(names()).toEqual(['open', 'message', 'stream-message one', 'stream-end one', 'close']);
      expect(told.at(-1)).toMatchObject({ reason: { reason: 'protocol', failure: { reason: expect.any(String) as unknown } } });
    });
  });

  describe('close', () => {
    it('while connecting leads to one onClose and nothing else', async () => {
      const server = await serve();
      const recording = connect(server.path);
      recording.connection.close();
      recording.connection.close();
      expect(recording.told).toEqual([]);
      expect(await recording.over()).toEqual({ what: 'close', reason: { reason: 'local' } });
      // Another connection, made and closed later, leaves time for anything that may still come of the first.
      const other = connect(server.path);
      await other.opened();
      expect(recording.names()).toEqual(['close']);
    });

    it('as soon as the connection is made', async () => {
      const server = await serve();
      const recording = connect(server.path);
      await recording.opened();
      recording.connection.sendConnect('{}');
      recording.connection.close();
      expect(recording.names()).toEqual(['open']);
      await recording.over();
      await (
        await server.connection()
      ).closed;
      expect(recording.names()).toEqual(['open', 'close']);
    });

    it('while streams are being opened ends them first, outside the call', async () => {
      const { open, connection, over, names, server } = await accepted(accepting());
      open('one');
      open('two');
      connection.close();
      expect(names()).toEqual(['open', 'message']);
      await over();
      expect(names()).toEqual(['open', 'message', 'stream-end one', 'stream-end two', 'close']);
      await server.closed;
    });

    it('from inside a message ends it there: what lay behind is not delivered', async () => {
      const { open, connection, over, names, told, server } = await accepted(
        accepting((_, raw) => {
          raw.send(...Array.from({ length: 100 }, (_, i) => application(1, String(i))));
        }),
      );
      open('one', '{}', ({ payload }) => {
        if (payload === '9') connection.close();
      });
      expect(await over()).toEqual({ what: 'close', reason: { reason: 'local' } });
      expect(names().slice(-3)).toEqual(['stream-message one', 'stream-end one', 'close']);
      expect(told.filter(({ what }) => what === 'stream-message')).toHaveLength(10);
      await server.closed;
    });

    it('after the terminate of streams still lets the server go', async () => {
      const { open, connection, over, names, server } = await accepted(accepting());
      const stream = open('one');
      await server.message(isRequest);
      stream.terminate();
      connection.close();
      await over();
      expect(names()).toEqual(['open', 'message', 'close']);
      await server.closed;
    });

    it('when the server does not read', async () => {
      const { open, connection, over, server, told } = await accepted(accepting());
      server.pause();
      for (let i = 0; i < 200; i++) open(String(i), 'x'.repeat(10_000)).terminate();
      for (let i = 0; i < 200; i++) open(`more ${i}`, 'x'.repeat(10_000));
      connection.close();
      await over();
      expect(told.filter(({ what }) => what === 'stream-end')).toHaveLength(200);
    });

    it('after the peer has closed does nothing', async () => {
      const { connection, over, names, server } = await accepted(accepting());
      server.kill();
      await over();
      connection.close();
      await new Promise(resolve => setImmediate(resolve));
      expect(names()).toEqual(['open', 'message', 'close']);
    });
  });
});
