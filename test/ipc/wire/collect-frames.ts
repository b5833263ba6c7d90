import { CLASSIC_MAX_FRAME, FrameDecoder, type FrameFailure, type Headers } from '../../../src/ipc/wire/frame.js';
import { decodeHeaders } from '../../../src/ipc/wire/headers.js';

/** A frame copied out of the decoder's buffer. */
export interface CollectedFrame {
  readonly headers: Headers | FrameFailure;
  readonly payload: Buffer;
}

/**
 * Decodes the chunks, each of which is overwritten as soon as the decoder gives it back, as a socket that reuses its
 * read buffer would do: whatever the decoder still needs of it must be a copy.
 */
export function collectFrames(
  chunks: readonly Uint8Array[],
  maxFrame: number = CLASSIC_MAX_FRAME,
): { frames: CollectedFrame[]; failure: FrameFailure | undefined } {
  const frames: CollectedFrame[] = [];
  const decoder = new FrameDecoder(maxFrame, ({ buffer, headersStart, headersEnd, payloadEnd }) => {
    frames.push({
      headers: decodeHeaders(buffer, headersStart, headersEnd),
      payload: Buffer.from(buffer.subarray(headersEnd, payloadEnd)),
    });
  });
  let failure: FrameFailure | undefined;
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    failure = decoder.push(copy);
    copy.fill(0xff);
  }
  return { frames, failure };
}

/** The bytes cut at the given places; equal places give empty chunks, which a stream may also bring. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...places.map(place => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return cuts.map((cut, i) => bytes.subarray(cuts[i - 1] ?? 0, cut));
}
