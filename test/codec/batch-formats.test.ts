import fc from 'fast-check';
import { isLeft, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { describe, expect, test } from 'vitest';
import { joinParts } from '../../src/codec/batches.js';
import { type BatchFormat, type Decoder, jsonArray, ndjson } from '../../src/codec/index.js';

const bytesOf = (payload: Uint8Array | string): Uint8Array => (typeof payload === 'string' ? new TextEncoder().encode(payload) : payload);
const decode = <A>(decoder: Decoder<A>, payload: Uint8Array | string) => decoder.decode({ topicName: 'x', payload: bytesOf(payload) });
const problems = (decoder: Decoder<unknown>, payload: Uint8Array | string): readonly string[] => {
  const decoded = decode(decoder, payload);
  return isLeft(decoded) ? decoded.left.problems : [];
};

const Reading = t.type({ id: t.string, celsius: t.number });
const reading = fc.record({ id: fc.string({ unit: 'binary' }), celsius: fc.double({ noNaN: true, noDefaultInfinity: true }) });
/** What JSON makes of it: it has no -0. */
const plain = <A>(values: A): A => JSON.parse(JSON.stringify(values)) as A;

describe.each([
  ['jsonArray', jsonArray(Reading)],
  ['ndjson', ndjson(Reading)],
] as const)('%s', (_, format: BatchFormat<t.TypeOf<typeof Reading>>) => {
  test('decodes what it encodes, and its parts make the same payload', () => {
    fc.assert(
      fc.property(fc.array(reading), values => {
        const payload = format.encode(values);
        expect(decode(format, payload)).toEqual(right(plain(values)));
        expect(joinParts(values.map(format.part), format.around)).toBe(payload);
      }),
    );
  });

  test('refuses bytes that are not UTF-8, and keys that reach for a prototype', () => {
    expect(problems(format, Uint8Array.of(0x5b, 0xff, 0x5d))).toEqual(['(root): expected UTF-8 text, got 3 bytes that are not']);
    const hostile = '{"__proto__":{"x":1},"id":"a","celsius":1}';
    expect(problems(format, joinParts([hostile], format.around)).join()).toContain('reaches for a prototype');
  });

  test('never throws, whatever the payload', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }), fc.json()), payload => {
        for (const each of problems(format, payload)) expect(each.length).toBeLessThan(400);
      }),
    );
  });
});

describe('jsonArray', () => {
  test('says which element is wrong', () => {
    expect(problems(jsonArray(Reading), '[{"id":"a","celsius":1},{"id":"b","celsius":"warm"}]')).toEqual([
      '[1].celsius: expected number, got "warm"',
    ]);
    expect(problems(jsonArray(Reading), '{"id":"a","celsius":1}')).toEqual([
      '(root): expected Array<{ id: string, celsius: number }>, got {id, celsius}',
    ]);
  });
});

describe('ndjson', () => {
  const format = ndjson(Reading);

  test('says which line is wrong, and what of it', () => {
    expect(problems(format, '{"id":"a","celsius":1}\n{"id":1}\n\n{"id"\n')).toEqual([
      'line 2: id: expected string, got 1',
      'line 2: celsius: expected number, got nothing',
      'line 4: (root): expected JSON, got "{\\"id\\""',
    ]);
  });

  test('takes either line end, none at the end, empty lines and a byte order mark', () => {
    const [a, b] = ['{"id":"a","celsius":1}', '{"id":"b","celsius":2}'];
    const both = right([
      { id: 'a', celsius: 1 },
      { id: 'b', celsius: 2 },
    ]);
    for (const text of [`${a}\n${b}\n`, `${a}\r\n${b}`, `\n${a}\n\n${b}\n\n`, `\ufeff${a}\n${b}`])
      expect(decode(format, text)).toEqual(both);
    expect(decode(format, '')).toEqual(right([]));
  });

  test('keeps the list of problems short, and does not look at the lines behind', () => {
    const all = problems(format, '1\n'.repeat(100_000));
    expect(all).toHaveLength(21);
    expect(all.at(-1)).toContain('perhaps more');
  });
});

describe('joinParts', () => {
  test('joins bytes and text alike', () => {
    const around = { before: '<', between: '|', after: '>' };
    expect(joinParts(['ä', 'b'], around)).toBe('<ä|b>');
    expect(Buffer.from(joinParts([Buffer.from('ä'), 'b', Buffer.from('c')], around)).toString()).toBe('<ä|b|c>');
    expect(joinParts([], around)).toBe('<>');
  });
});
