import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { encodeFrame } from '../../src/ipc/encode-frame.js';
import { FRAME_OVERHEAD } from '../../src/ipc/frame.js';
import { FrameDecoder } from '../../src/ipc/frame-decoder.js';
import { decodeHeaders } from '../../src/ipc/headers.js';
import { readRpcMessage } from '../../src/ipc/rpc-message.js';
import { cutAt } from './collect-frames.js';
import { goldenFrames } from './golden-frames.js';

/** For a longer run: `GREENGRASS_RX_FUZZ_RUNS=1000000 npx vitest run test/ipc/frame-fuzz`. */
const RUNS = Number(process.env['GREENGRASS_RX_FUZZ_RUNS'] ?? 2_000);
const MAX_FRAME = 64 * 1024;

const golden = goldenFrames.map(({ hex }) => Buffer.from(hex, 'hex'));
const goldenHeaders = golden.map(frame => frame.subarray(12, 12 + frame.readUInt32BE(4)));

type Mutation = (bytes: Buffer) => Buffer;
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]): Mutation => bytes => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ bits;
    return copy;
  }),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 20 })).map(([at, more]): Mutation => bytes => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]);
  }),
  fc.tuple(fc.nat(), fc.nat({ max: 20 })).map(([at, count]): Mutation => bytes => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + count)]);
  }),
);
const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
const mutated = (bytes: Buffer, changes: readonly Mutation[]): Buffer => changes.reduce((current, change) => change(current), bytes);

const piece: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(...golden),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc.tuple(fc.constantFrom(...golden), mutations).map(([frame, changes]) => mutated(frame, changes)),
  // With right checksums around them, so that reading goes on past these.
  fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 100 })).map(([headers, payload]) => encodeFrame(headers, payload)),
  fc
    .tuple(fc.constantFrom(...goldenHeaders), mutations, fc.uint8Array({ maxLength: 100 }))
    .map(([headers, changes, payload]) => encodeFrame(mutated(headers, changes), payload)),
);

describe('random and mutated frames', () => {
  it(
    'neither throw nor hang nor grow',
    () => {
      const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
      const seen = { failures: 0, frames: 0, messages: 0, badHeaders: 0 };
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, places) => {
          allocate.mockClear();
          const stream = Buffer.concat(pieces);
          let frames = 0;
          const decoder = new FrameDecoder(MAX_FRAME, frame => {
            frames++;
            const headers = decodeHeaders(frame.buffer, frame.headersStart, frame.headersEnd);
            const message = readRpcMessage(frame);
            if ('reason' in headers) {
              seen.badHeaders++;
              expect(message).toMatchObject({ reason: 'header-invalid' });
            } else if (!('reason' in message)) seen.messages++;
          });
          let failure: ReturnType<FrameDecoder['push']>;
          for (const chunk of cutAt(stream, places)) {
            const framesBefore = frames;
            const result = decoder.push(Buffer.from(chunk));
            if (failure !== undefined) {
              expect(result).toBe(failure);
              expect(frames).toBe(framesBefore);
            }
            failure = result;
          }
          if (failure !== undefined) {
            seen.failures++;
            expect(decoder.midFrame).toBe(false);
          }
          seen.frames += frames;
          expect(frames * FRAME_OVERHEAD).toBeLessThanOrEqual(stream.length);
          for (const [size] of allocate.mock.calls) expect(size).toBeLessThanOrEqual(Math.max(4096, 2 * stream.length));
        }),
        { numRuns: RUNS },
      );
      allocate.mockRestore();
      // The fuzzing reached all there is to reach.
      expect(seen.failures).toBeGreaterThan(RUNS / 10);
      expect(seen.frames).toBeGreaterThan(RUNS / 10);
      expect(seen.messages).toBeGreaterThan(RUNS / 10);
      expect(seen.badHeaders).toBeGreaterThan(RUNS / 10);
    },
    20_000 + RUNS * 10,
  );
});
