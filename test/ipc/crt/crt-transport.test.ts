import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MessageFlag, MessageType, type RpcMessageInit } from '../../../src/ipc/wire/rpc-message.js';
import { accepting, isRequest, startRawServer, type RawConnection, type RawServer } from '../../kit/nucleus/raw-server.js';
import { IS_WINDOWS } from '../../kit/process/platform.js';
import { nodeFolder, type NodeFolder } from '../../kit/process/run-in-node.js';

// What aws-crt does to the process it runs in can only be seen from outside.

const application = (streamId: number, payload: string, flags = 0): RpcMessageInit => ({
  type: MessageType.ApplicationMessage,
  flags,
  streamId,
  payload,
});

/** Connects, prints each call to a listener, and opens no stream until told to. */
const PREAMBLE = `
  import { crtTransport } from './ipc/crt/crt-transport.js';
  process.on('unhandledRejection', error => { console.log('unhandled rejection', error); process.exitCode = 1; });
  const [path] = process.argv.slice(1);
  const accepted = {};
  accepted.promise = new Promise(resolve => { accepted.resolve = resolve; });
  let onMessage = () => {};
  const connection = crtTransport.connect(path, {
    onOpen: () => { console.log('open'); connection.sendConnect('{}'); },
    onMessage: message => { console.log('message', message.type); accepted.resolve(); },
    onConnectFailure: failure => console.log('connect-failure', failure.reason, failure.cause instanceof Error),
    onClose: reason => console.log('close', reason.reason),
  });
  const open = (name, payload = '{}') => connection.openStream('test#' + name, payload, {
    onMessage: message => { console.log(name, message.payload); onMessage(message); },
    onEnd: () => console.log(name, 'end'),
  });
`;

let node: NodeFolder;
beforeAll(async () => {
  node = await nodeFolder();
});
afterAll(() => node.remove());

async function serve(script?: (connection: RawConnection) => void): Promise<RawServer> {
  const server = await startRawServer(script);
  onTestFinished(server.stop);
  return server;
}

describe('a process with the crt transport exits by itself', () => {
  it('after the connection was refused', async () => {
    const { path } = await serve();
    expect(await node.run(PREAMBLE, [`${path}.missing`])).toEqual({
      code: 0,
      signal: null,
      lines: ['connect-failure missing true'],
      stderr: '',
    });
  });

  it('after the peer has closed, though nobody closes the connection nor the streams', async () => {
    const { path } = await serve(
      accepting((message, connection) => {
        if (message.streamId === 2) connection.end();
      }),
    );
    const script = `${PREAMBLE} await accepted.promise; open('one'); open('two');`;
    const { lines, ...ended } = await node.run(script, [path]);
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    // aws-crt tells the ends of streams in any order.
    expect([...lines.slice(0, 2), ...lines.slice(2, -1).sort(), lines.at(-1)]).toEqual([
      'open',
      'message 5',
      'one end',
      'two end',
      'close peer',
    ]);
  });

  it('after close, with streams in every state', async () => {
    const { path } = await serve(
      accepting((message, connection) => {
        if (message.operation === 'test#answered') connection.send(application(message.streamId, 'reply'));
        if (message.operation === 'test#terminated') connection.send(application(message.streamId, 'last', MessageFlag.TerminateStream));
      }),
    );
    const script = `${PREAMBLE}
      await accepted.promise;
      open('answered');
      open('left').terminate();
      await new Promise(resolve => { onMessage = ({ flags }) => { if (flags !== 0) resolve(); }; open('terminated'); });
      open('underway');
      open('left underway').terminate();
      connection.close();`;
    const { code, signal, lines, stderr } = await node.run(script, [path]);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(lines.filter(line => !line.startsWith('answered'))).toEqual([
      'open',
      'message 5',
      'terminated last',
      'underway end',
      'close local',
    ]);
    expect(lines).toContain('answered end');
  });

  it.each([
    { when: 'at once', script: `${PREAMBLE} connection.close();` },
    { when: 'when aws-crt has just been loaded', script: `${PREAMBLE} await import('aws-crt'); connection.close();` },
    {
      when: 'while the connection is being made',
      script: `${PREAMBLE} await import('aws-crt'); await null; await null; await null; await null; connection.close();`,
    },
  ])('after close before the connection is made: $when', async ({ script }) => {
    const { path } = await serve(accepting());
    expect(await node.run(script, [path])).toEqual({ code: 0, signal: null, lines: ['close local'], stderr: '' });
  });

  it.each([
    { what: 'we close', end: 'connection.close();', reason: 'local' },
    { what: 'the peer dies', end: '', reason: 'peer' },
  ])('after $what while requests cannot be written, since the server does not read', async ({ end, reason }) => {
    // aws-crt would free a stream twice that is closed while its request is underway: the heap of the process would break.
    const { path } = await serve(
      accepting((message, connection) => {
        connection.pause();
        if (isRequest(message) && end === '') setImmediate(connection.kill);
      }),
    );
    const script = `${PREAMBLE}
      await accepted.promise;
      for (let i = 0; i < 300; i++) open('left ' + i, 'x'.repeat(10_000)).terminate();
      for (let i = 0; i < 300; i++) open('open', 'x'.repeat(10_000));
      ${end}`;
    const { code, signal, lines, stderr } = await node.run(script, [path]);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(lines.filter(line => line === 'open end')).toHaveLength(300);
    expect(lines.at(-1)).toBe(`close ${reason}`);
  });

  it('after a request over the frame limit, which ends its stream and nothing else', async () => {
    const { path } = await serve(
      accepting((message, connection) => {
        connection.send(application(message.streamId, 'reply', MessageFlag.TerminateStream));
      }),
    );
    const script = `${PREAMBLE}
      await accepted.promise;
      for (let i = 0; i < 5; i++) open('huge', 'x'.repeat(24 * 1024 * 1024));
      await new Promise(resolve => { onMessage = resolve; open('small'); });
      connection.close();`;
    expect(await node.run(script, [path])).toEqual({
      code: 0,
      signal: null,
      lines: ['open', 'message 5', ...Array.from({ length: 5 }, () => 'huge end'), 'small reply', 'close local'],
      stderr: '',
    });
  });
});

describe('listeners that throw', () => {
  it('when told of an end keep no other stream from being told', async () => {
    const script = `
      import { whenQuiet } from './shared/when-quiet.js';
      process.on('uncaughtException', error => console.log('uncaught', error.message));
      whenQuiet({ received: 0 }, () => { throw new Error('first'); });
      whenQuiet({ received: 0 }, () => console.log('second'));`;
    expect(await node.run(script, [])).toEqual({ code: 0, signal: null, lines: ['uncaught first', 'second'], stderr: '' });
  });

  it('are uncaught exceptions, and keep no other call from being made', async () => {
    const { path } = await serve(
      accepting((message, connection) => {
        if (message.streamId < 3) return;
        connection.send(
          ...Array.from({ length: 5 }, (_, i) => application(1, String(i))),
          application(3, 'last', MessageFlag.TerminateStream),
        );
        connection.end();
      }),
    );
    const script = `
      import { crtTransport } from './ipc/crt/crt-transport.js';
      const fail = text => { console.log(text); throw new Error(text); };
      process.on('uncaughtException', error => console.log('uncaught', error.message));
      process.on('unhandledRejection', () => console.log('unhandled rejection'));
      const connection = crtTransport.connect(process.argv[1], {
        onOpen: () => { connection.sendConnect('{}'); fail('open'); },
        onMessage: () => {
          for (const name of ['one', 'two', 'three']) {
            connection.openStream(name, '{}', { onMessage: message => fail(name + ' ' + message.payload), onEnd: () => fail(name + ' end') });
          }
          fail('message');
        },
        onConnectFailure: failure => console.log(failure),
        onClose: reason => fail('close ' + reason.reason),
      });`;
    const { code, signal, lines } = await node.run(script, [path]);
    const calls = ['open', 'message', 'one 0', 'one 1', 'one 2', 'one 3', 'one 4', 'three last', 'one end', 'two end', 'close peer'];
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect([...lines].sort()).toEqual([...calls, ...calls.map(call => `uncaught ${call}`)].sort());
    expect(lines.filter(line => line.startsWith('one '))).toEqual(['one 0', 'one 1', 'one 2', 'one 3', 'one 4', 'one end']);
    expect(lines.slice(-2)).toEqual(['close peer', 'uncaught close peer']);
  });
});

describe('an end that aws-crt sees before the messages in front of it', () => {
  it.each([
    {
      what: 'the terminate of the server',
      ending: [application(1, 'last', MessageFlag.TerminateStream)],
      told: ['one last', 'close peer'],
    },
    { what: 'the end of the connection', ending: [], told: ['one end', 'close peer'] },
  ])('comes after them: $what', async ({ ending, told }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sent-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const sent = join(folder, 'sent');
    const { path } = await serve(
      accepting((_, connection) => {
        connection.send(...Array.from({ length: 5000 }, (_, i) => application(1, String(i))), ...ending);
        connection.end();
        void connection.closed.then(() => writeFile(sent, ''));
      }),
    );
    // JavaScript stands still until the native side has taken everything in, so that all its queues are full at once.
    const script = `
      import { existsSync } from 'node:fs';
      ${PREAMBLE}
      await accepted.promise;
      open('one');
      while (!existsSync(process.argv[2]));`;
    const { code, signal, lines, stderr } = await node.run(script, [path, sent]);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(lines).toEqual(['open', 'message 5', ...Array.from({ length: 5000 }, (_, i) => `one ${i}`), ...told]);
  });
});

it('has let go of the server when close is told, however early it was called: whoever hears of it may stop the server', async () => {
  const { path } = await serve();
  const script = `
    import { spawnSync } from 'node:child_process';
    import { createServer } from 'node:net';
    import { crtTransport } from './ipc/crt/crt-transport.js';
    await import('aws-crt');
    const sockets = [];
    const server = createServer(socket => sockets.push(socket));
    await new Promise(resolve => server.listen(process.argv[1] + '.own', resolve));
    const closed = new Promise(resolve => {
      const connection = crtTransport.connect(process.argv[1] + '.own', {
        onOpen() {},
        onMessage() {},
        onConnectFailure: ({ reason }) => console.log(reason),
        onClose: ({ reason }) => resolve(reason),
      });
      // By now aws-crt connects.
      setImmediate(() => connection.close());
    });
    console.log('close', await closed);
    server.close();
    for (const socket of sockets) socket.destroy();
    // Its thread sees the end of the server while this one sees nothing.
    for (let i = 0; i < 3; i++) spawnSync(process.execPath, ['--version']);
    setImmediate(() => console.log('lives'));`;
  for (let round = 0; round < 3; round++) {
    expect(await node.run(script, [path])).toEqual({ code: 0, signal: null, lines: ['close local', 'lives'], stderr: '' });
  }
});

describe('a peer that accepts and closes at once', () => {
  it('is told as such, unless aws-crt aborts the process before anybody can', async () => {
    const { path } = await serve(connection => {
      connection.kill();
    });
    for (let round = 0; round < 4; round++) {
      const { code, signal, lines, stderr } = await node.run(PREAMBLE, [path]);
      // Its `disconnection` may be seen before the connection it ends, and an assertion of aws-crt 1.33.2 forbids that.
      if (stderr.includes('event_stream.c:186: binding->connection != NULL')) continue;
      expect({ code, signal, lines, stderr }).toEqual({ code: 0, signal: null, lines: ['open', 'close peer'], stderr: '' });
    }
  });
});

describe('aws-crt', () => {
  it('is not loaded before it is needed', async () => {
    const script = `
      import { createRequire } from 'node:module';
      import { crtTransport } from './ipc/crt/crt-transport.js';
      const loaded = () => Object.keys(createRequire(process.cwd() + '/x.js').cache).some(file => file.includes('aws-crt'));
      const listener = { onOpen() {}, onMessage() {}, onClose() {}, onConnectFailure: ({ reason }) => {
        console.log(reason, loaded());
        if (reason === 'path-too-long') crtTransport.connect('/nothing/here', listener);
      } };
      console.log('imported', loaded());
      crtTransport.connect('/' + 'x'.repeat(200), listener);`;
    const { lines, stderr } = await node.run(script, []);
    expect({ lines, stderr }).toEqual({ lines: ['imported false', 'path-too-long false', 'missing true'], stderr: '' });
  });

  it.each(['missing', 'without a binary'] as const)('%s is a failure to connect, each time, and the process exits', async awsCrt => {
    const folder = await nodeFolder(awsCrt);
    onTestFinished(folder.remove);
    const script = `
      import { crtTransport } from './ipc/crt/crt-transport.js';
      const connect = then => crtTransport.connect('/tmp/none', { onOpen() {}, onMessage() {}, onClose() {}, onConnectFailure: failure => {
        console.log(failure.reason, failure.cause instanceof Error, failure.passing);
        then();
      } });
      connect(() => connect(() => {}));`;
    expect(await folder.run(script, [])).toEqual({
      code: 0,
      signal: null,
      lines: ['native-unavailable true false', 'native-unavailable true false'],
      stderr: '',
    });
  });

  // Windows has no such limit.
  it.skipIf(IS_WINDOWS)('that could not be loaded for want of file descriptors is loaded when there are some', async () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { crtTransport } from './ipc/crt/crt-transport.js';
      const descriptors = [];
      try { for (;;) descriptors.push(openSync('/dev/null')); } catch {}
      const connect = then => crtTransport.connect('/tmp/none', { onOpen() {}, onMessage() {}, onClose() {}, onConnectFailure: failure => {
        console.log(failure.reason, failure.passing);
        then();
      } });
      connect(() => connect(() => {
        for (const descriptor of descriptors) closeSync(descriptor);
        connect(() => {});
      }));`;
    expect(await node.run(script, [], { fileDescriptors: 64 })).toEqual({
      code: 0,
      signal: null,
      lines: ['native-unavailable true', 'native-unavailable true', 'missing undefined'],
      stderr: '',
    });
  });

  it.skipIf(IS_WINDOWS).each([1, 2, 3, 4])(
    'is not loaded with %i file descriptors left, of which it would abort the process, but when there are more',
    async left => {
      const script = `
      import { closeSync, openSync } from 'node:fs';
      import { crtTransport } from './ipc/crt/crt-transport.js';
      const descriptors = [];
      try { for (;;) descriptors.push(openSync('/dev/null')); } catch {}
      for (let i = 0; i < Number(process.argv[1]); i++) closeSync(descriptors.pop());
      const connect = then => crtTransport.connect('/tmp/none', { onOpen() {}, onMessage() {}, onClose() {}, onConnectFailure: failure => {
        console.log(failure.reason, failure.passing);
        then();
      } });
      connect(() => {
        for (const descriptor of descriptors) closeSync(descriptor);
        connect(() => {});
      });`;
      expect(await node.run(script, [String(left)], { fileDescriptors: 64 })).toEqual({
        code: 0,
        signal: null,
        lines: ['native-unavailable true', 'missing undefined'],
        stderr: '',
      });
    },
  );
});
