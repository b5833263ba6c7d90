const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/**
 * CRC-32 of the eight bytes of a frame's prelude. `zlib.crc32` needs a view object and a call into native code, which
 * for eight bytes cost more than the rest of reading a small frame.
 */
export function crc32Of8(buffer: Uint8Array, offset: number): number {
  let crc = 0xffffffff;
  for (let i = offset; i < offset + 8; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (buffer[i] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
