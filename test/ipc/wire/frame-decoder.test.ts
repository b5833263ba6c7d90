import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CLASSIC_MAX_FRAME, encodeFrame, FRAME_OVERHEAD, FrameDecoder, LITE_MAX_FRAME } from '../../../src/ipc/wire/frame.js';
import { decodeHeaders, encodeHeaders } from '../../../src/ipc/wire/headers.js';
import { encodeRpcMessage } from '../../../src/ipc/wire/rpc-message.js';
import { collectFrames, cutAt } from './collect-frames.js';

const message = encodeRpcMessage({ type: 0, flags: 0, streamId: 1, modelType: 'aws.greengrass#IoTCoreMessage', payload: '{"message":{}}' });

/** A prelude with a right checksum and any lengths. */
function prelude(length: number, headersLength: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(headersLength, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('FrameDecoder on hostile bytes', () => {
  const hostile = [
    { what: 'a prelude with a wrong checksum', bytes: flipped(message, 9), failure: { reason: 'prelude-checksum' } },
    { what: 'a length changed under its checksum', bytes: flipped(message, 3), failure: { reason: 'prelude-checksum' } },
    { what: 'a frame with a wrong checksum', bytes: flipped(message, message.length - 1), failure: { reason: 'frame-checksum' } },
    { what: 'a payload changed under its checksum', bytes: flipped(message, message.length - 6), failure: { reason: 'frame-checksum' } },
    {
      what: 'a length over the limit',
      bytes: prelude(CLASSIC_MAX_FRAME + 1, 0),
      failure: { reason: 'frame-too-long', length: CLASSIC_MAX_FRAME + 1, limit: CLASSIC_MAX_FRAME },
    },
    { what: 'the longest length there is', bytes: prelude(0xffff_ffff, 0), failure: { reason: 'frame-too-long', length: 0xffff_ffff } },
    { what: 'a length of nothing', bytes: prelude(0, 0), failure: { reason: 'frame-too-short', length: 0 } },
    {
      what: 'a length just too short for a frame',
      bytes: prelude(FRAME_OVERHEAD - 1, 0),
      failure: { reason: 'frame-too-short', length: FRAME_OVERHEAD - 1 },
    },
    {
      what: 'headers just too long for the frame',
      bytes: prelude(100, 100 - FRAME_OVERHEAD + 1),
      failure: { reason: 'headers-too-long', length: 85, frameLength: 100 },
    },
    { what: 'headers of four gigabytes', bytes: prelude(100, 0xffff_ffff), failure: { reason: 'headers-too-long', length: 0xffff_ffff } },
    { what: 'text', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), failure: { reason: 'prelude-checksum' } },
  ];

  it.each(hostile)('fails on $what, after the frames before it, and stays failed', ({ bytes, failure }) => {
    const stream = Buffer.concat([message, message, bytes, message]);
    for (const chunks of [[stream], cutAt(stream, [1, 50, message.length * 2 + 5]), Array.from(stream, byte => Uint8Array.of(byte))]) {
      const read = collectFrames(chunks);
      expect(read.failure).toMatchObject(failure);
      expect(read.frames).toHaveLength(2);
    }
  });

  it('takes a frame of the very limit and refuses one byte more', () => {
    const largest = encodeFrame(encodeHeaders([]), Buffer.alloc(LITE_MAX_FRAME - FRAME_OVERHEAD));
    expect(collectFrames([largest], LITE_MAX_FRAME)).toMatchObject({
      failure: undefined,
      frames: [{ payload: { length: LITE_MAX_FRAME - FRAME_OVERHEAD } }],
    });
    expect(collectFrames([largest], LITE_MAX_FRAME - 1).failure).toMatchObject({ reason: 'frame-too-long' });
  });

  it('takes the smallest frame there is: no headers, no payload', () => {
    expect(collectFrames([encodeFrame(encodeHeaders([]), '')])).toMatchObject({
      failure: undefined,
      frames: [{ headers: [], payload: { length: 0 } }],
    });
  });

  it('fails as soon as the prelude is there, and forgets what it held', () => {
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, () => undefined);
    const bad = flipped(message, 9);
    expect(decoder.push(bad.subarray(0, 11))).toBeUndefined();
    expect(decoder.midFrame).toBe(true);
    expect(decoder.push(bad.subarray(11, 12))).toEqual({ reason: 'prelude-checksum' });
    expect(decoder.midFrame).toBe(false);
    expect(decoder.push(message)).toEqual({ reason: 'prelude-checksum' });
  });
});

describe('FrameDecoder.stop', () => {
  const three = Buffer.concat([message, message, message]);

  it.each([
    { what: 'one chunk', places: [] },
    { what: 'a cut inside the frame that stops it', places: [10] },
    { what: 'a cut after it', places: [message.length + 10] },
  ])('called inside the callback, ends decoding at that frame: $what', ({ places }) => {
    let frames = 0;
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, () => {
      frames++;
      decoder.stop();
    });
    for (const chunk of cutAt(three, places)) expect(decoder.push(Buffer.from(chunk))).toBeUndefined();
    expect(frames).toBe(1);
    expect(decoder.midFrame).toBe(false);
  });

  it('called mid-frame, drops the part that is there', () => {
    let frames = 0;
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, () => frames++);
    decoder.push(message.subarray(0, 20));
    decoder.stop();
    decoder.push(message.subarray(20));
    decoder.push(message);
    expect(frames).toBe(0);
    expect(decoder.midFrame).toBe(false);
  });
});

describe('FrameDecoder and memory', () => {
  it('holds what has arrived of a frame, not what its prelude announces', () => {
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
    const before = process.memoryUsage().arrayBuffers;
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, () => undefined);
    let arrived = 0;
    const push = (bytes: Buffer): void => {
      decoder.push(bytes);
      arrived += bytes.length;
      for (const [size] of allocate.mock.calls) expect(size).toBeLessThanOrEqual(Math.max(4096, 2 * arrived));
    };
    push(prelude(CLASSIC_MAX_FRAME, 0));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024);
    expect(decoder.midFrame).toBe(true);
    for (let i = 0; i < 100; i++) push(Buffer.alloc(1000));
    expect(allocate.mock.calls.length).toBeGreaterThan(3);
  });

  it('copies each byte of a large frame a bounded number of times, however small the chunks', () => {
    const frame = encodeFrame(encodeHeaders([]), Buffer.alloc(4 * 1024 * 1024, 'x'));
    const decoded = vi.fn();
    const copy = vi.spyOn(Buffer.prototype, 'copy');
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, view => {
      decoded(view.payloadEnd - view.headersEnd, view.buffer.length);
    });
    for (let at = 0; at < frame.length; at += 1000) decoder.push(frame.subarray(at, at + 1000));
    // Read in a buffer that is just as long as the frame.
    expect(decoded.mock.calls).toEqual([[4 * 1024 * 1024, frame.length]]);
    const copied = copy.mock.results.reduce((total, { value }) => total + Number(value), 0);
    expect(copied).toBeGreaterThanOrEqual(frame.length);
    expect(copied).toBeLessThan(3 * frame.length);
    // Copying elsewhere, as by Buffer.concat, would show as memory asked for.
    expect(allocate.mock.calls.reduce((total, [size]) => total + size, 0)).toBeLessThan(3 * frame.length);
  });

  it('reads frames that lie whole in a chunk in place', () => {
    const copy = vi.spyOn(Buffer.prototype, 'copy');
    const chunk = Buffer.concat([message, message]);
    const seen: Buffer[] = [];
    new FrameDecoder(CLASSIC_MAX_FRAME, ({ buffer }) => seen.push(buffer)).push(chunk);
    expect(seen).toEqual([chunk, chunk]);
    expect(seen.every(buffer => buffer === chunk)).toBe(true);
    expect(copy).not.toHaveBeenCalled();
  });

  it('lets go of each chunk and frame when it has been read', () => {
    let view: { readonly buffer: Buffer } | undefined;
    const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
      view = frame;
    });
    decoder.push(message.subarray(0, 30));
    decoder.push(message.subarray(30));
    expect(view?.buffer).toHaveLength(0);
  });
});

describe('decodeHeaders on hostile bytes', () => {
  const good = encodeHeaders([['a', { type: 'integer', value: 7 }]]);
  const header = (name: string, ...rest: number[]): Buffer => Buffer.from([name.length, ...Buffer.from(name), ...rest]);

  it.each([
    { what: 'an empty name', bytes: header('', 0), detail: 'a header name is empty' },
    { what: 'a name cut off', bytes: header('abc').subarray(0, 3), detail: 'a header name is cut off' },
    { what: 'a name with no type behind it', bytes: header('abc'), detail: 'a header name is cut off' },
    { what: 'a type that does not exist', bytes: header('a', 10), detail: 'header type 10 does not exist' },
    { what: 'the highest type byte', bytes: header('a', 255), detail: 'header type 255 does not exist' },
    { what: 'a number cut off', bytes: header('a', 4, 0, 0, 1), detail: 'a header value is cut off' },
    { what: 'a uuid cut off', bytes: header('a', 9, ...new Array<number>(15).fill(1)), detail: 'a header value is cut off' },
    { what: 'a length cut off', bytes: header('a', 7, 0), detail: 'a header length is cut off' },
    { what: 'a string longer than the block', bytes: header('a', 7, 0, 2, 65), detail: 'a header value is cut off' },
    {
      what: 'a value over the limit',
      bytes: Buffer.concat([header('a', 6, 0x80, 0x00), Buffer.alloc(32_768)]),
      detail: 'a header value of 32768 bytes is over the limit',
    },
  ])('fails on $what, and says where', ({ bytes, detail }) => {
    const block = Buffer.concat([good, bytes]);
    // More bytes behind the block must not be taken for part of it.
    expect(decodeHeaders(Buffer.concat([block, Buffer.alloc(100, 1)]), 0, block.length)).toEqual({
      reason: 'header-invalid',
      offset: good.length,
      detail,
    });
  });
});
