import { crc32 } from 'node:zlib';
import { crc32Of8 } from './crc32-of-8.js';
import { FRAME_OVERHEAD, PRELUDE_LENGTH } from './frame.js';

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
