import { crc32 } from 'node:zlib';

/**
 * The event-stream frame: `u32 total | u32 headers | u32 crc(first 8 bytes) | headers | payload | u32 crc(all before)`,
 * big-endian. The limits are those of aws-c-event-stream (`event_stream.h`) and of Greengrass Lite (`ipc_server.h`).
 */

/** Bytes a frame has besides its headers and its payload. */
export const FRAME_OVERHEAD = 16;
/** Bytes of the prelude: two lengths and their checksum. */
export const PRELUDE_LENGTH = 12;
/** The largest frame aws-c-event-stream, and so the classic nucleus, accepts. */
export const CLASSIC_MAX_FRAME: number = 24 * 1024 * 1024;
/** The largest frame that Greengrass Lite accepts. At one byte more it drops the connection without saying why. */
export const LITE_MAX_FRAME = 10_012;
/** The longest header name. */
export const MAX_HEADER_NAME = 255;
/** The longest header value (`event_stream.h`: a signed 16-bit length). */
export const MAX_HEADER_VALUE = 32_767;

/** A header's value, named as `@smithy/eventstream-codec` names the ten wire types. */
export type HeaderValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte'; readonly value: number }
  | { readonly type: 'short'; readonly value: number }
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'string'; readonly value: string }
  /** Milliseconds since the epoch. */
  | { readonly type: 'timestamp'; readonly value: bigint }
  /** Sixteen bytes. */
  | { readonly type: 'uuid'; readonly value: Uint8Array };

/** Headers in wire order. */
export type Headers = readonly (readonly [name: string, value: HeaderValue])[];

/**
 * Why bytes are not a frame. After any of these the connection cannot be read any further, since nobody knows where the next frame begins.
 */
export type FrameFailure =
  | { readonly reason: 'prelude-checksum' }
  | { readonly reason: 'frame-checksum' }
  | { readonly reason: 'frame-too-short'; readonly length: number }
  | { readonly reason: 'frame-too-long'; readonly length: number; readonly limit: number }
  | { readonly reason: 'headers-too-long'; readonly length: number; readonly frameLength: number }
  | { readonly reason: 'header-invalid'; readonly offset: number; readonly detail: string };

/**
 * One frame inside the buffer it was received in. The decoder reuses the object and the buffer is the socket's, so
 * both are valid only until the callback that got them returns.
 */
export interface FrameView {
  readonly buffer: Buffer;
  readonly headersStart: number;
  readonly headersEnd: number;
  readonly payloadEnd: number;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/**
 * CRC-32 of the eight bytes of a frame's prelude. `zlib.crc32` needs a view object and a call into native code, which
 * for eight bytes cost more than the rest of reading a small frame.
 */
function crc32Of8(buffer: Uint8Array, offset: number): number {
  let crc = 0xffffffff;
  for (let i = offset; i < offset + 8; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (buffer[i] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The bytes of one frame around an encoded block of headers. A text payload is written as UTF-8. */
export function encodeFrame(headers: Uint8Array, payload: string | Uint8Array): Buffer {
  const payloadLength = typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
  const length = FRAME_OVERHEAD + headers.length + payloadLength;
  const frame = Buffer.allocUnsafe(length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32Of8(frame, 0), 8);
  frame.set(headers, PRELUDE_LENGTH);
  if (typeof payload === 'string') frame.write(payload, PRELUDE_LENGTH + headers.length, 'utf8');
  else frame.set(payload, PRELUDE_LENGTH + headers.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, length - 4)), length - 4);
  return frame;
}

/** Size of the first buffer for a frame that spans chunks. It doubles as it fills, so that a hostile length costs nothing by itself. */
const FIRST_PIECE = 4096;

const EMPTY = Buffer.alloc(0);

/**
 * Splits a byte stream into frames, however it was cut or glued on its way.
 *
 * Frames that are whole in a chunk are read in place. Only a frame that spans chunks is copied, once, into a buffer that grows with what
 * has really arrived, and never beyond the frame limit. Bytes that are no frame give a {@link FrameFailure}, after which the decoder stays
 * failed, since it cannot find the beginning of the next frame. The callback must not throw: the rest of the chunk would be lost.
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
    // Between chunks the view must not keep the last chunk, or a frame of 24 MiB, in memory.
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

  /** Keeps bytes for later, in a buffer that doubles as it fills, and is never larger than `limit`. */
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
    // The checksum is checked first: a length is worth reporting only if the peer meant it.
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
