import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../src/ipc/wire/encode-request.js';
import { CLASSIC_MAX_FRAME, FrameDecoder, type Headers, type HeaderValue } from '../../../src/ipc/wire/frame.js';
import {
  encodeRpcMessage,
  readRpcMessage,
  type RpcMessage,
  type RpcMessageFailure,
  type RpcMessageInit,
} from '../../../src/ipc/wire/rpc-message.js';
import { goldenFrames } from './golden-frames.js';
import { smithyDecode, smithyEncode } from './smithy-oracle.js';

function readAll(stream: Uint8Array): (RpcMessage | RpcMessageFailure)[] {
  const messages: (RpcMessage | RpcMessageFailure)[] = [];
  new FrameDecoder(CLASSIC_MAX_FRAME, frame => messages.push(readRpcMessage(frame))).push(Buffer.from(stream));
  return messages;
}

const complete = (message: RpcMessageInit): RpcMessage => ({
  type: message.type,
  flags: message.flags,
  streamId: message.streamId,
  modelType: message.modelType,
  contentType: message.contentType,
  operation: message.operation,
  version: message.version,
  payload: message.payload ?? '',
});

const int32 = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
// Few values, so that one message's headers often repeat the last one's wholly or in part.
const name = fc.option(fc.oneof(fc.constantFrom('a', 'application/json', 'aws.greengrass#IoTCoreMessage'), fc.string({ unit: 'binary' })), {
  nil: undefined,
});
const message: fc.Arbitrary<RpcMessage> = fc.record({
  type: int32,
  flags: int32,
  streamId: int32,
  modelType: name,
  contentType: name,
  operation: name,
  version: name,
  payload: fc.string({ unit: 'binary' }),
});

const HEADER_NAMES = {
  type: ':message-type',
  flags: ':message-flags',
  streamId: ':stream-id',
  modelType: 'service-model-type',
  contentType: ':content-type',
  operation: 'operation',
  version: ':version',
} as const;

function headersOf(message: RpcMessage): [string, HeaderValue][] {
  return (['type', 'flags', 'streamId', 'modelType', 'contentType', 'operation', 'version'] as const).flatMap(
    (key): [string, HeaderValue][] => {
      const value = message[key];
      if (value === undefined) return [];
      return [[HEADER_NAMES[key], typeof value === 'number' ? { type: 'integer', value } : { type: 'string', value }]];
    },
  );
}

const foreignHeader: fc.Arbitrary<[string, HeaderValue]> = fc.tuple(
  fc.constantFrom('x-one', 'svcuid', ':message-typ', 'operations'),
  fc.oneof<fc.Arbitrary<HeaderValue>[]>(
    fc.constant({ type: 'boolean', value: true }),
    fc.uint8Array({ maxLength: 8 }).map(value => ({ type: 'binary', value })),
    fc.string().map(value => ({ type: 'string', value })),
    fc.integer().map(value => ({ type: 'integer', value })),
  ),
);

/** A message with its headers in any order and letter case, among headers of other people. */
const disguised = fc
  .tuple(
    message,
    fc.uniqueArray(foreignHeader, { selector: ([header]) => header, maxLength: 3 }),
    fc.boolean(),
    fc.infiniteStream(fc.nat()),
  )
  .map(([sent, foreign, upperCase, order]) => {
    const headers: Headers = [...headersOf(sent), ...foreign]
      .map(([header, value]) => ({ at: Number(order.next().value), header: upperCase ? header.toUpperCase() : header, value }))
      .sort((a, b) => a.at - b.at)
      .map(({ header, value }) => [header, value]);
    return { sent, headers };
  });

function again(frame: { sent: RpcMessage; headers: Headers } | undefined, streamId: number): { sent: RpcMessage; headers: Headers }[] {
  if (frame === undefined) return [];
  const headers = frame.headers.map(
    ([name, value]) => [name, name.toLowerCase() === ':stream-id' ? ({ type: 'integer', value: streamId } as const) : value] as const,
  );
  return [{ sent: { ...frame.sent, streamId, payload: String(streamId) }, headers }];
}

describe('RPC messages', () => {
  it.each(goldenFrames)('writes and reads the golden frame: $name', ({ hex, message }) => {
    expect(encodeRpcMessage(message).toString('hex')).toBe(hex);
    expect(readAll(Buffer.from(hex, 'hex'))).toEqual([complete(message)]);
    if (message.operation !== undefined) {
      expect(encodeRequest(message.operation, message.streamId, message.payload ?? '').toString('hex')).toBe(hex);
    }
  });

  it('reads all golden frames out of one stream', () => {
    const stream = Buffer.concat(goldenFrames.map(({ hex }) => Buffer.from(hex, 'hex')));
    expect(readAll(stream)).toEqual(goldenFrames.map(({ message }) => complete(message)));
  });

  it('writes messages in which the oracle reads what went in', () => {
    fc.assert(
      fc.property(message, sent => {
        const read = smithyDecode(encodeRpcMessage(sent));
        expect(read.headers).toEqual(Object.fromEntries(headersOf(sent)));
        expect(Buffer.from(read.body).toString('utf8')).toBe(sent.payload);
      }),
    );
  });

  it('reads what the oracle wrote, in any order and letter case of the headers, message after message', () => {
    fc.assert(
      fc.property(
        fc.array(disguised, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), int32), { maxLength: 8 }),
        (frames, repeats) => {
          // Some come again on another stream and with another payload, as the events of subscriptions do.
          const all = [...frames, ...repeats.flatMap(([at, streamId]) => again(frames[at % frames.length], streamId))];
          const stream = Buffer.concat(all.map(({ sent, headers }) => smithyEncode(headers, Buffer.from(sent.payload, 'utf8'))));
          expect(readAll(stream)).toEqual(all.map(({ sent }) => sent));
        },
      ),
    );
  });

  it.each([':message-type', ':message-flags', ':stream-id'])('fails a message without %s, or with one that is no int32', missing => {
    const good = headersOf(complete({ type: 0, flags: 0, streamId: 7 }));
    const payload = Buffer.from('{}');
    const without = smithyEncode(
      good.filter(([header]) => header !== missing),
      payload,
    );
    const mistyped = smithyEncode(
      good.map(([header, value]) => (header === missing ? [header, { type: 'string', value: '0' }] : [header, value])),
      payload,
    );
    const read = readAll(Buffer.concat([smithyEncode(good, payload), without, mistyped, smithyEncode(good, payload)]));
    expect(read).toMatchObject([{ streamId: 7 }, { reason: 'rpc-header-missing' }, { reason: 'rpc-header-missing' }, { streamId: 7 }]);
  });

  it('hold on to nothing of the buffer they were read from', async () => {
    const { messages, memory } = readInOwnMemory();
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    // A WeakRef holds its target until the current job is over.
    await new Promise(resolve => setImmediate(resolve));
    collectGarbage();
    expect(memory.deref()).toBeUndefined();
    expect(messages).toMatchObject([{ modelType: 'met nowhere else', payload: '{}' }]);
  });
});

/** Reads a message whose headers are new, out of memory that nothing else shares. */
function readInOwnMemory(): { messages: (RpcMessage | RpcMessageFailure)[]; memory: WeakRef<ArrayBufferLike> } {
  const bytes = encodeRpcMessage({ type: 0, flags: 0, streamId: 1, modelType: 'met nowhere else', payload: '{}' });
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(chunk);
  const messages: (RpcMessage | RpcMessageFailure)[] = [];
  new FrameDecoder(CLASSIC_MAX_FRAME, frame => messages.push(readRpcMessage(frame))).push(chunk);
  return { messages, memory: new WeakRef(chunk.buffer) };
}
