/** A reading of this many bytes as JSON, so that the same message serves with and without a codec. */
export function jsonPayload(size: number): Buffer {
  const reading = { id: 'sensor-1', celsius: 21.5, humidity: 40, note: '' };
  const missing = size - JSON.stringify(reading).length;
  if (missing < 0) throw new RangeError(`A payload has at least ${size - missing} bytes.`);
  return Buffer.from(JSON.stringify({ ...reading, note: 'n'.repeat(missing) }));
}
