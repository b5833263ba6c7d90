import { crc32 } from 'node:zlib';
import { crc32Of8 } from './crc32-of-8.js';
import { FRAME_OVERHEAD, PRELUDE_LENGTH, type FrameFailure, type FrameView } from './frame.js';

/** The first piece of a frame that spans chunks; doubled as it fills, so a hostile length alone costs nothing. */
const FIRST_PIECE = 4096;

const EMPTY = Buffer.alloc(0);

/**
 * Splits a byte stream into frames, however it was cut or glued on its way.
 *
 * Frames that lie whole in a chunk are read in place. Only a frame that spans chunks is copied, once, into a buffer
 * that grows with what has really arrived and never past the frame limit. Bytes that are no frame give a
 * {@link FrameFailure}, after which the decoder stays failed: frame borders cannot be found again. The callback must not
 * throw: what else the chunk holds would be lost.
 */
export class FrameDecoder {
  readonly #maxFrame: number;
  readonly #onFrame: (frame: FrameView) => void;
  readonly #view: { -readonly [K in keyof FrameView]: FrameView[K] };
  #partial: Buffer = EMPTY;
  #partialLength = 0;
  #failure: FrameFailure | undefined;
  #stopped = false;

  constructor(maxFrame: number, onFrame: (frame: FrameView) => void) {
    this.#maxFrame = maxFrame;
    this.#onFrame = onFrame;
    this.#view = { buffer: this.#partial, headersStart: 0, headersEnd: 0, payloadEnd: 0 };
  }

  /** Whether part of a frame has arrived and the rest has not. */
  get midFrame(): boolean {
    return this.#partialLength > 0;
  }

  /** Ends decoding, also from inside the frame callback: what is left of the current chunk is not read. */
  stop(): void {
    this.#stopped = true;
    this.#partial = EMPTY;
    this.#partialLength = 0;
  }

  /** Takes the next bytes and calls back for each frame they complete. Returns the failure that ended decoding, if one has. */
  push(chunk: Buffer): FrameFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const failure = this.#split(chunk);
    // Between chunks the view must not keep the last one alive, nor a frame of 24 MiB.
    this.#view.buffer = EMPTY;
    return failure === undefined ? undefined : this.#fail(failure);
  }

  #split(chunk: Buffer): FrameFailure | undefined {
    let offset = 0;
    if (this.#partialLength > 0) {
      const taken = this.#complete(chunk);
      if (typeof taken !== 'number') return taken;
      offset = taken;
    }
    while (!this.#stopped && chunk.length - offset >= PRELUDE_LENGTH) {
      const length = this.#frameLength(chunk, offset);
      if (typeof length !== 'number') return length;
      if (chunk.length - offset < length) break;
      const failure = this.#deliver(chunk, offset, length);
      if (failure !== undefined) return failure;
      offset += length;
    }
    if (!this.#stopped && offset < chunk.length) this.#append(chunk, offset, chunk.length, this.#maxFrame);
    return undefined;
  }

  /** Fills up the frame begun in earlier chunks; returns how much of this chunk it took. */
  #complete(chunk: Buffer): number | FrameFailure {
    let offset = 0;
    if (this.#partialLength < PRELUDE_LENGTH) {
      offset = Math.min(PRELUDE_LENGTH - this.#partialLength, chunk.length);
      this.#append(chunk, 0, offset, this.#maxFrame);
      if (this.#partialLength < PRELUDE_LENGTH) return offset;
    }
    const length = this.#frameLength(this.#partial, 0);
    if (typeof length !== 'number') return length;
    const end = Math.min(offset + length - this.#partialLength, chunk.length);
    this.#append(chunk, offset, end, length);
    if (this.#partialLength < length) return end;
    const frame = this.#partial;
    this.#partial = EMPTY;
    this.#partialLength = 0;
    return this.#deliver(frame, 0, length) ?? end;
  }

  /** Keeps bytes for later, in a buffer that has room for at most as many again and never for more than `limit`. */
  #append(chunk: Buffer, start: number, end: number, limit: number): void {
    const needed = this.#partialLength + end - start;
    if (needed > this.#partial.length) {
      const size = Math.max(needed, Math.min(Math.max(this.#partial.length * 2, FIRST_PIECE), limit));
      const grown = Buffer.allocUnsafeSlow(size);
      this.#partial.copy(grown, 0, 0, this.#partialLength);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#partialLength, start, end);
    this.#partialLength = needed;
  }

  #frameLength(buffer: Buffer, offset: number): number | FrameFailure {
    // The checksum first: a length is worth reporting only if it is what the peer meant.
    if (crc32Of8(buffer, offset) !== buffer.readUInt32BE(offset + 8)) return { reason: 'prelude-checksum' };
    const length = buffer.readUInt32BE(offset);
    if (length < FRAME_OVERHEAD) return { reason: 'frame-too-short', length };
    if (length > this.#maxFrame) return { reason: 'frame-too-long', length, limit: this.#maxFrame };
    const headers = buffer.readUInt32BE(offset + 4);
    if (headers > length - FRAME_OVERHEAD) return { reason: 'headers-too-long', length: headers, frameLength: length };
    return length;
  }

  #deliver(buffer: Buffer, offset: number, length: number): FrameFailure | undefined {
    const payloadEnd = offset + length - 4;
    if (crc32(buffer.subarray(offset, payloadEnd)) !== buffer.readUInt32BE(payloadEnd)) return { reason: 'frame-checksum' };
    const view = this.#view;
    view.buffer = buffer;
    view.headersStart = offset + PRELUDE_LENGTH;
    view.headersEnd = view.headersStart + buffer.readUInt32BE(offset + 4);
    view.payloadEnd = payloadEnd;
    this.#onFrame(view);
    return undefined;
  }

  #fail(failure: FrameFailure): FrameFailure {
    this.#failure = failure;
    this.stop();
    return failure;
  }
}
