import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { CliError } from '../../src/cli/cli-error.js';
import { askDev, controlPath, type ControlReply, serveControl } from '../../src/cli/reach/control-channel.js';
import { socketPathIn } from '../kit/nucleus/socket-path.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

const socketPath = (): string => socketPathIn(temporaryFolder());

/** A client that is not ours: it goes on writing, whatever it is told. */
async function stranger(path: string): Promise<Socket> {
  const socket = connect({ path: controlPath(path), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => undefined).resume();
  return socket;
}

test('what fails in dev is told to who has asked, as a sentence, and the next is served', async () => {
  const path = socketPath();
  const failures = [new Error('there is no such place'), new Error('com.example.A is broken.')];
  await using _control = await serveControl(path, async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return Promise.resolve({ done: 'SUCCEEDED' });
  });
  await expect(askDev(path, { ask: 'restart' })).rejects.toEqual(new CliError('there is no such place.'));
  await expect(askDev(path, { ask: 'restart' })).rejects.toEqual(new CliError('com.example.A is broken.'));
  expect(await askDev(path, { ask: 'restart' })).toBe('SUCCEEDED');
});

test('a request that never ends is cut off, and the next is served', async () => {
  const path = socketPath();
  await using _control = await serveControl(path, () => Promise.resolve({ done: 'SUCCEEDED' }));
  const socket = await stranger(path);
  const closed = new Promise(resolve => socket.on('close', resolve));
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
  await closed;
  expect(await askDev(path, { ask: 'restart' })).toBe('SUCCEEDED');
});

test('who goes before the request is whole asks for nothing, and the next is served', async () => {
  const path = socketPath();
  let asked = 0;
  await using _control = await serveControl(path, () => Promise.resolve({ done: String(++asked) }));
  const socket = await stranger(path);
  const closed = once(socket, 'close');
  socket.end('{"ask":"restart"}');
  await closed;
  expect(await askDev(path, { ask: 'restart' })).toBe('1');
});

test.each(['', 'no JSON', '{"ask":"format"}', '{"ask":"configure","component":"a","merge":5,"reset":[]}'])(
  'what is no request, such as %o, is not carried out',
  async text => {
    const path = socketPath();
    const asked: unknown[] = [];
    await using _control = await serveControl(path, request => {
      asked.push(request);
      return Promise.resolve({ done: 'SUCCEEDED' });
    });
    const socket = await stranger(path);
    let answer = '';
    socket.setEncoding('utf8').on('data', (more: string) => (answer += more));
    const ended = once(socket, 'end');
    socket.write(`${text}\n`);
    await ended;
    expect(JSON.parse(answer)).toEqual({ problem: 'this is no request that dev knows' });
    expect(asked).toEqual([]);
  },
);

test('dev that ends leaves nobody waiting for its answer', async () => {
  const path = socketPath();
  let begin = (): void => undefined;
  const begun = new Promise<void>(resolve => (begin = resolve));
  let answer = (_: ControlReply): void => undefined;
  const control = await serveControl(path, () => {
    begin();
    return new Promise(resolve => (answer = resolve));
  });
  const asking = expect(askDev(path, { ask: 'update' })).rejects.toEqual(new CliError('dev does not answer any more.'));
  await begun;
  await control[Symbol.asyncDispose]();
  await asking;
  // Nobody is there any more to hear it.
  answer({ done: 'SUCCEEDED' });
});
