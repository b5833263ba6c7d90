import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FRAME_OVERHEAD, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import { decodeHeaders } from '../../../src/ipc/wire/headers.js';
import { readRpcMessage } from '../../../src/ipc/wire/rpc-message.js';
import { cutAt } from './collect-frames.js';
import { randomPiece } from './random-frames.js';

/** For a longer run: `GREENGRASS_RX_FUZZ_RUNS=1000000 npx vitest run test/ipc/frame-fuzz`. */
const RUNS = Number(process.env['GREENGRASS_RX_FUZZ_RUNS'] ?? 2_000);
const MAX_FRAME = 64 * 1024;

describe('random and mutated frames', () => {
  it(
    'neither throw nor hang nor grow',
    () => {
      const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
      const seen = { failures: 0, frames: 0, messages: 0, badHeaders: 0 };
      fc.assert(
        fc.property(fc.array(randomPiece, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, places) => {
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
