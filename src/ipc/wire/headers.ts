import { MAX_HEADER_NAME, MAX_HEADER_VALUE, type FrameFailure, type HeaderValue, type Headers } from './frame.js';

/** The wire's type numbers (`event_stream.h`); booleans have one number for each value and no bytes. */
const WIRE = { true: 0, false: 1, byte: 2, short: 3, integer: 4, long: 5, binary: 6, string: 7, timestamp: 8, uuid: 9 } as const;

/** Bytes of a value by wire type; `binary` and `string` carry their own length. */
const FIXED_LENGTH: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];

/**
 * Goes through a block of headers without making an object for any of them: a busy subscription needs only four of them, three of which are
 * numbers.
 */
export class HeaderCursor {
  buffer: Buffer = Buffer.alloc(0);
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  wireType = 0;
  failure: FrameFailure | undefined;
  #blockStart = 0;
  #end = 0;

  reset(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.valueEnd = start;
    this.#blockStart = start;
    this.#end = end;
    this.failure = undefined;
  }

  /** Moves to the next header. `false` at the end of the block, or at bytes that are no header: then `failure` says why. */
  next(): boolean {
    const { buffer } = this;
    const start = this.valueEnd;
    if (start >= this.#end) return false;
    const nameLength = buffer[start] ?? 0;
    if (nameLength === 0) return this.#fail(start, 'a header name is empty');
    const type = start + 1 + nameLength;
    if (type >= this.#end) return this.#fail(start, 'a header name is cut off');
    this.nameStart = start + 1;
    this.nameEnd = type;
    this.wireType = buffer[type] ?? 0;
    let valueStart = type + 1;
    let length = FIXED_LENGTH[this.wireType];
    if (length === undefined) {
      if (this.wireType !== WIRE.binary && this.wireType !== WIRE.string)
        return this.#fail(start, `header type ${this.wireType} does not exist`);
      if (valueStart + 2 > this.#end) return this.#fail(start, 'a header length is cut off');
      length = buffer.readUInt16BE(valueStart);
      if (length > MAX_HEADER_VALUE) return this.#fail(start, `a header value of ${length} bytes is over the limit`);
      valueStart += 2;
    }
    if (valueStart + length > this.#end) return this.#fail(start, 'a header value is cut off');
    this.valueStart = valueStart;
    this.valueEnd = valueStart + length;
    return true;
  }

  /** Whether the current header has this name, given in lower case: names are compared ignoring case. */
  nameIs(lowerCase: string): boolean {
    const length = lowerCase.length;
    if (this.nameEnd - this.nameStart !== length) return false;
    for (let i = 0; i < length; i++) {
      const byte = this.buffer[this.nameStart + i] ?? 0;
      const folded = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      if (folded !== lowerCase.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The value of an int32 header, or `undefined` for any other type. */
  integer(): number | undefined {
    return this.wireType === WIRE.integer ? this.buffer.readInt32BE(this.valueStart) : undefined;
  }

  /** The value of a string header, or `undefined` for any other type. */
  string(): string | undefined {
    return this.wireType === WIRE.string ? this.buffer.toString('utf8', this.valueStart, this.valueEnd) : undefined;
  }

  #fail(offset: number, detail: string): false {
    this.failure = { reason: 'header-invalid', offset: offset - this.#blockStart, detail };
    return false;
  }
}

/** Every header of a block, copied out of the buffer, or why the block is malformed. */
export function decodeHeaders(buffer: Buffer, start: number, end: number): Headers | FrameFailure {
  const cursor = new HeaderCursor();
  const headers: [string, HeaderValue][] = [];
  cursor.reset(buffer, start, end);
  while (cursor.next()) headers.push([buffer.toString('utf8', cursor.nameStart, cursor.nameEnd), valueOf(cursor)]);
  return cursor.failure ?? headers;
}

function valueOf({ buffer, wireType, valueStart, valueEnd }: HeaderCursor): HeaderValue {
  switch (wireType) {
    case WIRE.true:
      return { type: 'boolean', value: true };
    case WIRE.false:
      return { type: 'boolean', value: false };
    case WIRE.byte:
      return { type: 'byte', value: buffer.readInt8(valueStart) };
    case WIRE.short:
      return { type: 'short', value: buffer.readInt16BE(valueStart) };
    case WIRE.integer:
      return { type: 'integer', value: buffer.readInt32BE(valueStart) };
    case WIRE.long:
      return { type: 'long', value: buffer.readBigInt64BE(valueStart) };
    case WIRE.string:
      return { type: 'string', value: buffer.toString('utf8', valueStart, valueEnd) };
    case WIRE.timestamp:
      return { type: 'timestamp', value: buffer.readBigInt64BE(valueStart) };
    case WIRE.uuid:
      return { type: 'uuid', value: Uint8Array.from(buffer.subarray(valueStart, valueEnd)) };
    default:
      return { type: 'binary', value: Uint8Array.from(buffer.subarray(valueStart, valueEnd)) };
  }
}

/** The bytes of a block of headers. Throws a `RangeError` for a name or value that is too long, which is a mistake of our own code. */
export function encodeHeaders(headers: Headers): Buffer {
  let length = 0;
  for (const [name, value] of headers) length += 1 + nameLength(name) + 1 + valueLength(value);
  const block = Buffer.allocUnsafe(length);
  let offset = 0;
  for (const [name, value] of headers) {
    const bytes = block.write(name, offset + 1, 'utf8');
    block[offset] = bytes;
    offset = writeValue(block, offset + 1 + bytes, value);
  }
  return block;
}

function nameLength(name: string): number {
  const length = Buffer.byteLength(name, 'utf8');
  if (length === 0 || length > MAX_HEADER_NAME) {
    throw new RangeError(`A header name must have 1 to ${MAX_HEADER_NAME} bytes; "${name}" has ${length}.`);
  }
  return length;
}

/** Bytes of the value, without its type. */
function valueLength(header: HeaderValue): number {
  switch (header.type) {
    case 'string':
      return 2 + withinLimit(Buffer.byteLength(header.value, 'utf8'));
    case 'binary':
      return 2 + withinLimit(header.value.length);
    case 'boolean':
      return 0;
    case 'uuid':
      if (header.value.length !== 16) throw new RangeError(`A uuid header has 16 bytes, not ${header.value.length}.`);
      return 16;
    default:
      return FIXED_LENGTH[WIRE[header.type]] ?? 0;
  }
}

function withinLimit(length: number): number {
  if (length > MAX_HEADER_VALUE) throw new RangeError(`A header value must have at most ${MAX_HEADER_VALUE} bytes, not ${length}.`);
  return length;
}

/** Writes type and value; returns where they end. */
function writeValue(block: Buffer, offset: number, header: HeaderValue): number {
  const start = offset + 1;
  if (header.type === 'boolean') {
    block[offset] = header.value ? WIRE.true : WIRE.false;
    return start;
  }
  block[offset] = WIRE[header.type];
  switch (header.type) {
    case 'byte':
      return block.writeInt8(header.value, start);
    case 'short':
      return block.writeInt16BE(header.value, start);
    case 'integer':
      return block.writeInt32BE(header.value, start);
    case 'long':
    case 'timestamp':
      return block.writeBigInt64BE(header.value, start);
    case 'uuid':
      block.set(header.value, start);
      return start + 16;
    case 'binary':
      block.set(header.value, block.writeUInt16BE(header.value.length, start));
      return start + 2 + header.value.length;
    case 'string': {
      const length = block.write(header.value, start + 2, 'utf8');
      block.writeUInt16BE(length, start);
      return start + 2 + length;
    }
  }
}
