import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodeUnpaddedBase64, encodeBase64 } from '../../src/shared/base64.js';

/** Base64 with padding (RFC 4648 section 4); like Java's decoder, without a word on the bits that padding cuts off. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const oracle = (text: string): string | undefined => (BASE64.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined);
const decoded = (text: string): string | undefined => decodeBase64(text)?.toString('hex');

describe('base64', () => {
  it('brings bytes back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('encodes a view and not the memory around it', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6]).subarray(2, 4);
    expect(encodeBase64(bytes)).toBe('AwQ=');
  });

  const alphabet = fc.constantFrom(...Array.from('ABCwxyz0189+/====-_ \n\r\t.%\u00e9\u0141\u2603\0'));
  const nearlyBase64 = fc
    .tuple(fc.base64String({ maxLength: 24 }), fc.nat(), fc.string({ unit: alphabet, maxLength: 3 }), fc.nat(3))
    .map(([text, at, inserted, removed]) => {
      const index = text.length === 0 ? 0 : at % text.length;
      return text.slice(0, index) + inserted + text.slice(index + removed);
    });

  /** Of all lengths around that from which Node decodes. */
  const longBase64 = fc
    .tuple(fc.base64String({ minLength: 140, maxLength: 180 }), fc.nat(), fc.string({ unit: alphabet, maxLength: 1 }), fc.nat(1))
    .map(([text, at, inserted, removed]) => text.slice(0, at % text.length) + inserted + text.slice((at % text.length) + removed));

  it.each([
    ['texts of and around the alphabet', fc.string({ unit: alphabet, maxLength: 16 }), 20_000],
    ['base64 with a mistake in it', nearlyBase64, 20_000],
    ['any text', fc.string({ unit: 'binary', maxLength: 16 }), 20_000],
    ['long base64 with a mistake in it', longBase64, 2_000],
  ] as const)('takes what the regular expression takes: %s', (_, texts, numRuns) => {
    fc.assert(
      // Without `expect`, which takes several times as long as what it compares here.
      fc.property(texts, text => decoded(text) === oracle(text)),
      { numRuns },
    );
  });

  it.each([
    ['', ''],
    ['aGk=', '6869'],
    ['aGl=', '6869'],
    ['aGkh', '686921'],
    ['aA==', '68'],
  ])('takes %j', (text, hex) => {
    expect(decoded(text)).toBe(hex);
  });

  it.each(['aGk', 'aGk= ', 'aG k', 'a===', '====', '=', 'aA=a', 'aA==aA==', 'aG-_', 'aGk\u0141', 'a\u0147k=', 'aGkh\n'])(
    'refuses %j',
    text => {
      expect(decoded(text)).toBeUndefined();
    },
  );

  it('takes what has lost its padding for the classic nucleus, and nothing else more', () => {
    fc.assert(
      fc.property(nearlyBase64, text => {
        const unpadded = text.endsWith('=') ? text : text.padEnd(Math.ceil(text.length / 4) * 4, '=');
        const expected = text.length % 4 === 1 ? undefined : oracle(unpadded);
        return decodeUnpaddedBase64(text)?.toString('hex') === expected;
      }),
      { numRuns: 20_000 },
    );
    expect(decodeUnpaddedBase64('aGk\u0141')).toBeUndefined();
    expect(decodeUnpaddedBase64('aGk')?.toString()).toBe('hi');
  });
});
