import fc from 'fast-check';
import { isLeft, isRight, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { describe, expect, test } from 'vitest';
import { bytes, json, jsonArray, ndjson, text, type Decoder } from '../../src/codec/index.js';
import { EncodeFailed } from '../../src/errors/errors.js';

const utf8 = (source: string): Uint8Array => new TextEncoder().encode(source);
const decode = <A>(decoder: Decoder<A>, payload: Uint8Array | string) =>
  decoder.decode({ topicName: 'x', payload: typeof payload === 'string' ? utf8(payload) : payload });
const problems = (decoder: Decoder<unknown>, payload: Uint8Array | string): readonly string[] => {
  const decoded = decode(decoder, payload);
  return isLeft(decoded) ? decoded.left.problems : [];
};

const Reading = json(t.type({ id: t.string, celsius: t.number }));

describe('json', () => {
  test('decodes what the codec describes', () => {
    expect(decode(Reading, '{"id":"ü","celsius":21.5}')).toEqual(right({ id: 'ü', celsius: 21.5 }));
  });

  test('reads a payload that is a part of a larger buffer', () => {
    const buffer = utf8('xx{"id":"a","celsius":1}yy');
    expect(isRight(decode(Reading, buffer.subarray(2, -2)))).toBe(true);
  });

  test.each([
    ['a wrong value', Reading, '{"id":"a","celsius":"warm"}', ['celsius: expected number, got "warm"']],
    ['a missing value', Reading, '{"id":"a"}', ['celsius: expected number, got nothing']],
    ['several', Reading, '{"id":null}', ['id: expected string, got null', 'celsius: expected number, got nothing']],
    ['the root', Reading, '[1,2]', ['(root): expected { id: string, celsius: number }, got an array of 2']],
    [
      'a nested one',
      json(t.type({ rows: t.array(t.type({ c: t.number })) })),
      '{"rows":[{"c":1},{"c":true}]}',
      ['rows[1].c: expected number, got true'],
    ],
    ['an odd key', json(t.record(t.string, t.number)), '{"a b":"x"}', ['["a b"]: expected number, got "x"']],
    ['an object', json(t.type({ a: t.number })), '{"a":{"b":1,"c":2,"d":3,"e":4,"f":5}}', ['a: expected number, got {b, c, d, e, …}']],
    [
      'a long text',
      json(t.number),
      JSON.stringify('x'.repeat(1000)),
      [`(root): expected number, got "${'x'.repeat(40)}"… (1000 characters)`],
    ],
    [
      'a union of primitives',
      json(t.type({ v: t.union([t.string, t.number]) })),
      '{"v":true}',
      ['v: expected (string | number), got true'],
    ],
    [
      'the member a tag chose',
      json(t.union([t.type({ k: t.literal('a'), n: t.number }), t.type({ k: t.literal('b'), s: t.string })])),
      '{"k":"b","s":1}',
      ['s: expected string, got 1'],
    ],
    [
      'an intersection',
      json(t.intersection([t.type({ a: t.number }), t.partial({ b: t.string })])),
      '{"a":"x","b":1}',
      ['a: expected number, got "x"', 'b: expected string, got 1'],
    ],
    [
      'an exact intersection',
      json(t.exact(t.intersection([t.type({ a: t.number }), t.type({ b: t.number })]))),
      '{"a":1}',
      ['b: expected number, got nothing'],
    ],
    [
      'an array of unions',
      json(t.array(t.union([t.string, t.number]))),
      '[1,null,"x",{}]',
      ['[1]: expected (string | number), got null', '[3]: expected (string | number), got {}'],
    ],
    ['keys with line breaks', json(t.record(t.string, t.number)), '{"a\\nb":{"c\\nd":1}}', ['["a\\nb"]: expected number, got {"c\\nd"}']],
    ['no JSON', Reading, '{"id":', ['(root): expected JSON, got "{\\"id\\":"']],
    ['nothing', Reading, '', ['(root): expected JSON, got an empty payload']],
  ])('says in one line a problem what is wrong: %s', (_, codec: Decoder<unknown>, payload, expected) => {
    expect(problems(codec, payload)).toEqual(expected);
  });

  test('says what is wrong in the words of a codec that has its own', () => {
    const Positive = new t.Type<number, number, unknown>(
      'Positive',
      (u): u is number => typeof u === 'number' && u > 0,
      (u, c) => (typeof u === 'number' && u > 0 ? t.success(u) : t.failure(u, c, 'must be above zero')),
      t.identity,
    );
    expect(problems(json(t.type({ n: Positive })), '{"n":-1}')).toEqual(['n: must be above zero']);
  });

  test('refuses bytes that are not UTF-8 instead of replacing them', () => {
    expect(problems(json(t.string), Uint8Array.of(0x22, 0xff, 0x22))).toEqual(['(root): expected UTF-8 text, got 3 bytes that are not']);
  });

  test('skips a byte order mark', () => {
    expect(decode(json(t.number), '\uFEFF1')).toEqual(right(1));
  });

  test('keeps the list of problems and each problem short, however large the payload is', () => {
    const many = problems(json(t.array(t.number)), JSON.stringify(Array.from({ length: 100_000 }, () => 'x')));
    expect(many).toHaveLength(21);
    expect(many.at(-1)).toBe('(and more: 100000 problems in all)');
    const key = 'k'.repeat(100_000);
    const [long] = problems(json(t.record(t.string, t.record(t.string, t.number))), JSON.stringify({ [key]: { [key]: key } }));
    expect(long?.length).toBeLessThan(300);
  });

  test('gives a left for a value so deep that the codec overflows the stack', () => {
    interface Tree {
      readonly of: readonly Tree[];
    }
    const Tree: t.Type<Tree> = t.recursion('Tree', self => t.type({ of: t.readonlyArray(self) }));
    const deep = problems(json(Tree), `${'{"of":['.repeat(100_000)}${']}'.repeat(100_000)}`);
    expect(deep).toHaveLength(1);
    expect(deep[0]).toMatch(/^\(root\): expected Tree, got a value on which the codec failed: RangeError/u);
  });

  test("gives a left, with the cause, when a codec of one's own throws", () => {
    const Throwing = new t.Type<number, number, unknown>('Throwing', t.number.is, () => { throw new Error('boom'); }, t.identity); // prettier-ignore
    const decoded = decode(json(Throwing), '1');
    expect(decoded).toMatchObject({
      left: { problems: ['(root): expected Throwing, got a value on which the codec failed: Error: boom'], cause: new Error('boom') },
    });
  });

  test.each([
    ['{"__proto__":{"admin":true}}', '__proto__'],
    ['{"a":[{"\\u005f_proto__":{"admin":true}}]}', 'a[0].__proto__'],
    ['{"a":{"constructor":{"prototype":{"admin":true}}}}', 'a.constructor'],
    ['{"c\\u006fnstructor":{"prototype":{"admin":true}}}', 'constructor'],
  ])('refuses a key that reaches for a prototype: %s', (payload, path) => {
    const Loose = json(t.intersection([t.UnknownRecord, t.partial({ note: t.string })]));
    expect(problems(Loose, payload)).toEqual([`${path}: expected no such key, got one that reaches for a prototype`]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  describe('numbers that JavaScript does not hold', () => {
    const Any = json(t.unknown);
    const refusal = (path: string, text: string): string => `${path}: expected a number that JavaScript can hold, got ${text}`;

    test.each([
      ['9007199254740993', [refusal('(root)', '9007199254740993')]],
      ['{"id":-9007199254740993}', [refusal('id', '-9007199254740993')]],
      [
        '{"a":"}","rows":[1,{"i\\"d":[12345678901234567890]}],"x":1e400}',
        [refusal('rows[1]["i\\"d"][0]', '12345678901234567890'), refusal('x', '1e400')],
      ],
      [`[${'9'.repeat(400)}]`, [refusal('[0]', `${'9'.repeat(40)}…`)]],
      ['[-1E+400,[],{},2]', [refusal('[0]', '-1E+400')]],
    ])('are refused, with their path: %s', (payload, expected) => {
      expect(problems(Any, payload)).toEqual(expected);
    });

    test('are listed up to a bound', () => {
      const all = problems(Any, `[${Array.from({ length: 1_000 }, () => '1e400').join()}]`);
      expect([all.length, all.at(-1)]).toEqual([21, '(and more: 1000 problems in all)']);
    });

    test('are not those it holds, nor texts, nor fractions that are a little off', () => {
      for (const payload of [
        '9007199254740992',
        '100000000000000000000',
        '1' + '0'.repeat(308),
        '1e308',
        '1.0000000000000000001',
        '"1e400 9007199254740993"',
        '1e-400',
        '{"1e400":"\\"","9007199254740993":2}',
      ])
        expect(decode(Any, payload)).toEqual(right(JSON.parse(payload)));
    });

    test('are never what it wrote itself', () => {
      fc.assert(
        fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 80 }), (double, power) => {
          for (const n of [double, Math.trunc(double), 2 ** power, 2 ** power + 2 ** (power - 50)])
            expect(decode(json(t.array(t.number)), JSON.stringify([n]))).toEqual(right([n === 0 ? 0 : n]));
        }),
      );
    });

    test('are found wherever an integer would become another, and nowhere else', () => {
      fc.assert(
        fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), n => {
          const written = n.toString();
          const number = Number(written);
          const isHeld = BigInt(number) === n || JSON.stringify(number) === written;
          expect(decode(Any, written)._tag).toBe(isHeld ? 'Right' : 'Left');
        }),
      );
    });

    test('are rounded, or given to the codec as text, for who asks for that', () => {
      const payload = '{"id":9007199254740993,"big":1e400,"small":[1]}';
      expect(decode(json(t.unknown, { inexactNumbers: 'round' }), payload)).toEqual(
        right({ id: 9007199254740992, big: Infinity, small: [1] }),
      );
      const texts = { id: '9007199254740993', big: '1e400', small: [1] };
      expect(decode(json(t.unknown, { inexactNumbers: 'text' }), payload)).toEqual(right(texts));
      const lines = utf8(`${payload}\n`);
      expect(decode(ndjson(t.unknown, { inexactNumbers: 'text' }), lines)).toEqual(right([texts]));
      expect(problems(ndjson(t.unknown), lines)[0]).toBe(`line 1: ${refusal('id', '9007199254740993')}`);
      expect(decode(jsonArray(t.unknown, { inexactNumbers: 'text' }), `[${payload}]`)).toEqual(right([texts]));
      expect(problems(jsonArray(t.unknown), `[${payload}]`)[0]).toBe(refusal('[0].id', '9007199254740993'));
    });

    test('have no other choice', () => {
      const wrong = { inexactNumbers: 'bigint' } as unknown as { readonly inexactNumbers: 'text' };
      for (const make of [json, jsonArray, ndjson])
        expect(() => make(t.number, wrong)).toThrow("'refuse', 'round' or 'text', not \"bigint\"");
    });
  });

  test('takes the words where they are not keys', () => {
    expect(decode(json(t.type({ constructor: t.string, note: t.string })), '{"constructor":"Ferrari","note":"__proto__"}')).toEqual(
      right({ constructor: 'Ferrari', note: '__proto__' }),
    );
  });

  test('never throws, and lists at most 21 short problems, whatever the payload', () => {
    const Shape = json(
      t.intersection([
        t.type({ a: t.union([t.number, t.array(t.string)]) }),
        t.exact(t.partial({ b: t.record(t.string, t.union([t.null, t.type({ c: t.Int })])), a: t.unknown })),
      ]),
    );
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json({ maxDepth: 4 }).map(utf8),
      fc.record({ a: fc.jsonValue(), b: fc.jsonValue() }, { requiredKeys: [] }).map(value => utf8(JSON.stringify(value))),
      fc.tuple(fc.json(), fc.nat(), fc.nat(255)).map(([source, at, byte]) => {
        const payload = utf8(source);
        payload[at % payload.length] = byte;
        return payload;
      }),
    );
    fc.assert(
      fc.property(anyBytes, payload => {
        const decoded = decode(Shape, payload);
        if (isRight(decoded)) return;
        expect(decoded.left.problems.length).toBeGreaterThan(0);
        expect(decoded.left.problems.length).toBeLessThanOrEqual(21);
        for (const line of decoded.left.problems) {
          expect(line.length).toBeLessThan(1000);
          expect(line).not.toContain('\n');
          expect(line).toMatch(/^(\S.*: (?!undefined)|\(and more)/u);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('decodes what it encodes', () => {
    const Row = json(t.type({ id: t.string, celsius: t.union([t.number, t.null]), tags: t.array(t.string) }));
    const row = fc.record({ id: fc.string({ unit: 'grapheme' }), celsius: fc.option(fc.integer()), tags: fc.array(fc.string()) });
    fc.assert(
      fc.property(row, value => {
        expect(decode(Row, Row.encode(value))).toEqual(right(value));
      }),
    );
  });

  test('encodes what the codec encodes, not the value itself', () => {
    const Minutes = new t.Type<number, string, unknown>('Minutes', t.number.is, (u, c) => (typeof u === 'string' ? t.success(Number(u.slice(0, -1))) : t.failure(u, c)), n => `${n}m`); // prettier-ignore
    expect(json(t.type({ every: Minutes })).encode({ every: 5 })).toBe('{"every":"5m"}');
  });

  test('throws a failure with the value, and where in it, on what JSON does not have, instead of publishing null or ending in a TypeError', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /unknown gave undefined, which JSON does not have/u],
      [1n, /BigInt/u],
      [cyclic, /circular/u],
      [NaN, /\(root\): JSON has no NaN/u],
      [{ readings: [{ celsius: 1 }, { celsius: -Infinity }] }, /readings\[1\]\.celsius: JSON has no -Infinity/u],
      [{ a: { b: {} }, c: [undefined] }, /c\[0\]: JSON has no undefined/u],
      [{ at: new Date(NaN) }, /at: JSON has no Invalid Date/u],
    ];
    for (const [value, problem] of cases) {
      let thrown: unknown;
      try {
        json(t.unknown).encode(value);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(EncodeFailed);
      expect(thrown).toMatchObject({ _tag: 'EncodeFailed', kind: 'message', value });
      expect(String(thrown)).toMatch(problem);
    }
    const nulls = { a: null, b: [null], c: 'null', d: undefined };
    expect(json(t.unknown).encode(nulls)).toBe('{"a":null,"b":[null],"c":"null"}');
  });
});

describe('text', () => {
  test('takes UTF-8 as it is, a byte order mark included', () => {
    expect(decode(text, '\uFEFF21.5 °C')).toEqual(right('\uFEFF21.5 °C'));
    expect(decode(text, '')).toEqual(right(''));
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(problems(text, Uint8Array.of(0x61, 0xc3))).toEqual(['(root): expected UTF-8 text, got 2 bytes that are not']);
  });

  test('agrees with the strict decoder of the platform on any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.string({ unit: 'binary' }).map(utf8)), payload => {
        let expected: string | undefined;
        try {
          expected = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
        } catch {
          expected = undefined;
        }
        const decoded = decode(text, payload);
        expect(isRight(decoded) ? decoded.right : undefined).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('bytes', () => {
  test('hands the payload through without a copy', () => {
    const payload = Uint8Array.of(0xff, 0, 1);
    const decoded = decode(bytes, payload);
    expect(isRight(decoded) && decoded.right === payload).toBe(true);
    expect(bytes.encode(payload)).toBe(payload);
  });
});
