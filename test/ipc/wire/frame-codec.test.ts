import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, type Headers, type HeaderValue } from '../../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../../src/ipc/wire/headers.js';
import { collectFrames, cutAt } from './collect-frames.js';
import { smithyDecode, smithyEncode, toSmithyHeaders } from './smithy-oracle.js';

const unicode = fc.string({ unit: 'binary', maxLength: 60 });
const filled = (max: number): fc.Arbitrary<Uint8Array> =>
  fc.tuple(fc.nat(max), fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte));
const bytes = fc.oneof({ weight: 9, arbitrary: fc.uint8Array({ maxLength: 100 }) }, { weight: 1, arbitrary: filled(32_767) });

// The oracle keeps headers in an object, which would sort names that are whole numbers and lose `__proto__`.
const headerName = fc.tuple(fc.constantFrom(':', 'a', 'Z', 'é'), unicode).map(([first, rest]) => first + rest);

const headerValue: fc.Arbitrary<HeaderValue> = fc.oneof(
  fc.boolean().map(value => ({ type: 'boolean', value }) as const),
  fc.integer({ min: -128, max: 127 }).map(value => ({ type: 'byte', value }) as const),
  fc.integer({ min: -32_768, max: 32_767 }).map(value => ({ type: 'short', value }) as const),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(value => ({ type: 'integer', value }) as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(value => ({ type: 'long', value }) as const),
  bytes.map(value => ({ type: 'binary', value }) as const),
  unicode.map(value => ({ type: 'string', value }) as const),
  // As far as the oracle's `Date` reaches.
  fc.bigInt({ min: -8_640_000_000_000_000n, max: 8_640_000_000_000_000n }).map(value => ({ type: 'timestamp', value }) as const),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map(value => ({ type: 'uuid', value }) as const),
);

const headers: fc.Arbitrary<Headers> = fc.uniqueArray(fc.tuple(headerName, headerValue), { selector: ([name]) => name, maxLength: 12 });
const frame = fc.record({ headers, payload: fc.oneof(bytes, filled(70_000)) });

describe('the frame codec, with @smithy/eventstream-codec as oracle', () => {
  it('writes the bytes the oracle writes, for every header type', () => {
    fc.assert(
      fc.property(frame, ({ headers, payload }) => {
        const ours = encodeFrame(encodeHeaders(headers), payload);
        expect(ours.equals(smithyEncode(headers, payload))).toBe(true);
      }),
    );
  });

  it('writes frames in which the oracle reads what went in', () => {
    fc.assert(
      fc.property(frame, ({ headers, payload }) => {
        const read = smithyDecode(encodeFrame(encodeHeaders(headers), payload));
        expect(Buffer.from(read.body).equals(payload)).toBe(true);
        expect(read.headers).toEqual(toSmithyHeaders(headers));
      }),
    );
  });

  it('reads what the oracle wrote, however the stream of frames was cut and glued', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(), { maxLength: 40 }), (sent, places) => {
        const stream = Buffer.concat(sent.map(({ headers, payload }) => smithyEncode(headers, payload)));
        const { frames, failure } = collectFrames(cutAt(stream, places));
        expect(failure).toBeUndefined();
        expect(frames.map(({ headers }) => headers)).toEqual(sent.map(({ headers }) => headers));
        expect(frames.every(({ payload }, i) => payload.equals(sent[i]?.payload ?? payload.subarray(1)))).toBe(true);
      }),
    );
  });

  it('reads frames that come byte by byte', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ headers, payload: fc.uint8Array({ maxLength: 50 }) }), { minLength: 1, maxLength: 3 }), sent => {
        const stream = Buffer.concat(sent.map(({ headers, payload }) => smithyEncode(headers, payload)));
        const { frames } = collectFrames(Array.from(stream, byte => Uint8Array.of(byte)));
        expect(frames.map(({ headers, payload }) => ({ headers, payload: Uint8Array.from(payload) }))).toEqual(sent);
      }),
      { numRuns: 30 },
    );
  });

  it('writes a text payload as UTF-8', () => {
    fc.assert(
      fc.property(unicode, text => {
        expect(encodeFrame(encodeHeaders([]), text).equals(smithyEncode([], Buffer.from(text, 'utf8')))).toBe(true);
      }),
    );
  });

  it('refuses to write names and values the wire has no room for', () => {
    const value = { type: 'boolean', value: true } as const;
    expect(() => encodeHeaders([['', value]])).toThrow(RangeError);
    expect(() => encodeHeaders([['n'.repeat(256), value]])).toThrow(RangeError);
    expect(() => encodeHeaders([['é'.repeat(128), value]])).toThrow(RangeError);
    expect(encodeHeaders([['n'.repeat(255), value]])).toHaveLength(257);
    expect(() => encodeHeaders([['n', { type: 'string', value: 'x'.repeat(32_768) }]])).toThrow(RangeError);
    expect(() => encodeHeaders([['n', { type: 'binary', value: new Uint8Array(32_768) }]])).toThrow(RangeError);
    expect(encodeHeaders([['n', { type: 'binary', value: new Uint8Array(32_767) }]])).toHaveLength(5 + 32_767);
    expect(() => encodeHeaders([['n', { type: 'uuid', value: new Uint8Array(15) }]])).toThrow(RangeError);
    expect(() => encodeHeaders([['n', { type: 'integer', value: 2 ** 31 }]])).toThrow(RangeError);
  });
});
