import * as cborg from 'cborg';
import fc from 'fast-check';
import { isLeft, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { bytes, codecOf, gzipped, json, text, type Decoder } from '../../src/codec/index.js';

const decode = <A>(decoder: Decoder<A>, payload: Uint8Array) => decoder.decode({ topicName: 'x', payload });
const problems = (decoder: Decoder<unknown>, payload: Uint8Array): readonly string[] => {
  const decoded = decode(decoder, payload);
  return isLeft(decoded) ? decoded.left.problems : [];
};
const Reading = t.type({ id: t.string, celsius: t.number });

describe('codecOf, with cborg for CBOR', () => {
  const cbor = {
    name: 'CBOR',
    parse: (payload: Uint8Array): unknown => cborg.decode(payload),
    serialize: (value: unknown) => cborg.encode(value),
  };
  const Reading$ = codecOf(cbor, Reading);

  test('decodes what it encodes, and what another wrote', () => {
    fc.assert(
      fc.property(fc.record({ id: fc.string(), celsius: fc.double({ noNaN: true, noDefaultInfinity: true }) }), value => {
        const sent = value.celsius === 0 ? { ...value, celsius: 0 } : value;
        expect(decode(Reading$, Buffer.from(Reading$.encode(sent)))).toEqual(right(sent));
      }),
    );
    // RFC 8949, appendix A: {"a": 1, "b": [2, 3]}
    const Rfc = codecOf(cbor, t.type({ a: t.number, b: t.array(t.number) }));
    expect(decode(Rfc, Buffer.from('a26161016162820203', 'hex'))).toEqual(right({ a: 1, b: [2, 3] }));
  });

  test('says where a value is wrong, and that bytes are no CBOR', () => {
    expect(problems(Reading$, cborg.encode({ id: 'a', celsius: 'warm' }))).toEqual(['celsius: expected number, got "warm"']);
    expect(problems(Reading$, cborg.encode({ id: 'a', celsius: 1 }).slice(0, -1))).toEqual([
      expect.stringMatching(/^\(root\): expected CBOR, got \d+ bytes that are not: Error: CBOR decode error/),
    ]);
  });

  test('refuses a key that reaches for a prototype, whether the library assigned it or not', () => {
    const sentence = 'expected no such key, got one that reaches for a prototype';
    const Loose = codecOf(cbor, t.intersection([t.UnknownRecord, t.partial({ celsius: t.number })]));
    // {"a": [{"__proto__": {"celsius": 1}}]}: cborg assigns it.
    expect(problems(Loose, Buffer.from('a1616181a1695f5f70726f746f5f5fa16763656c7369757301', 'hex'))).toEqual([
      `a[0].__proto__: ${sentence}`,
    ]);
    // Libraries that define the key leave it to whoever copies the object.
    const defining = { ...cbor, parse: (payload: Uint8Array): unknown => JSON.parse(Buffer.from(payload).toString()) as unknown };
    const Defined = codecOf(defining, t.intersection([t.UnknownRecord, t.partial({ celsius: t.number })]));
    expect(problems(Defined, Buffer.from('{"b":{"__proto__":{"celsius":1}}}'))).toEqual([`b.__proto__: ${sentence}`]);
    expect(problems(Defined, Buffer.from('{"constructor":{"prototype":{}}}'))).toEqual([`constructor: ${sentence}`]);
    const mapped = { ...cbor, parse: (payload: Uint8Array): unknown => new Map([['c', JSON.parse(Buffer.from(payload).toString())]]) };
    expect(problems(codecOf(mapped, t.unknown), Buffer.from('{"__proto__":1}'))).toEqual([`c.__proto__: ${sentence}`]);
  });

  test('takes objects of classes, without a prototype, and with circles, as Protobuf, V8 and others make them', () => {
    class Message {
      readonly celsius = 1;
    }
    const circle: Record<string, unknown> = { celsius: 1 };
    circle['self'] = circle;
    const bare: unknown = Object.assign(Object.create(null) as object, { celsius: 1 });
    for (const value of [new Message(), circle, bare, { celsius: 1, bytes: Buffer.alloc(8), at: new Date(0), of: new Map([[1, [2]]]) }]) {
      const given = { ...cbor, parse: () => value };
      expect(decode(codecOf(given, t.type({ celsius: t.number })), new Uint8Array())).toEqual(right(value));
    }
  });

  test('never throws, whatever the payload', () => {
    fc.assert(
      fc.property(fc.uint8Array(), payload => {
        for (const each of problems(Reading$, payload)) expect(each.length).toBeLessThan(400);
      }),
    );
  });
});

describe('gzipped', () => {
  test('decodes what it encodes', () => {
    const codec = gzipped(json(t.array(t.string)));
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), value => {
        expect(decode(codec, Buffer.from(codec.encode(value)))).toEqual(right(value));
      }),
    );
  });

  test('takes exactly as many bytes as it may, and of a bomb makes no more', () => {
    const codec = gzipped(bytes, { expandedBytes: 1_000 });
    expect(decode(codec, gzipSync(new Uint8Array(1_000)))).toMatchObject({ _tag: 'Right' });
    expect(problems(codec, gzipSync(new Uint8Array(1_001)))).toEqual([
      expect.stringMatching(/expected at most 1000 bytes when expanded, got more from a payload of \d+$/),
    ]);
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024));
    expect(bomb.byteLength).toBeLessThan(128 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    expect(problems(gzipped(text), bomb)).toHaveLength(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    // Several members one behind the other count together.
    expect(problems(codec, Buffer.concat([gzipSync(new Uint8Array(600)), gzipSync(new Uint8Array(600))]))).toHaveLength(1);
  });

  test('what is no gzip, or cut off, is a left', () => {
    const whole = gzipSync('{"id":"a","celsius":1}');
    for (const payload of [new Uint8Array(0), Buffer.from('plain'), whole.subarray(0, -4)])
      expect(problems(gzipped(json(Reading)), payload)).toEqual([
        expect.stringMatching(/^\(root\): expected gzip, got \d+ bytes that are not/),
      ]);
    expect(problems(gzipped(json(Reading)), gzipSync('{"id":1,"celsius":1}'))).toEqual(['id: expected string, got 1']);
  });

  test('refuses a bound that is none', () => {
    for (const expandedBytes of [0, -1, 1.5, Number.NaN]) expect(() => gzipped(text, { expandedBytes })).toThrow(RangeError);
  });
});
