import { EventStreamCodec, Int64, type Message, type MessageHeaderValue } from '@smithy/eventstream-codec';
import type { HeaderValue, Headers } from '../../../src/ipc/wire/frame.js';

const codec = new EventStreamCodec(
  bytes => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  text => Buffer.from(text, 'utf8'),
);

/** The bytes `@smithy/eventstream-codec` makes of a frame. */
export function smithyEncode(headers: Headers, payload: Uint8Array): Uint8Array {
  return codec.encode({ headers: Object.fromEntries(headers.map(([name, value]) => [name, toSmithy(value)])), body: payload });
}

/** What `@smithy/eventstream-codec` reads in a frame. */
export function smithyDecode(frame: Uint8Array): Message {
  return codec.decode(frame);
}

/** Headers as `@smithy/eventstream-codec` represents them. */
export function toSmithyHeaders(headers: Headers): Record<string, MessageHeaderValue> {
  return Object.fromEntries(headers.map(([name, value]) => [name, toSmithy(value)]));
}

function toSmithy(header: HeaderValue): MessageHeaderValue {
  switch (header.type) {
    case 'long':
      return { type: 'long', value: toInt64(header.value) };
    case 'timestamp':
      return { type: 'timestamp', value: new Date(Number(header.value)) };
    case 'uuid':
      return {
        type: 'uuid',
        value: Buffer.from(header.value)
          .toString('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
      };
    default:
      return header;
  }
}

function toInt64(value: bigint): Int64 {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value);
  return new Int64(bytes);
}
