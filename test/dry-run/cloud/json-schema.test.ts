import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { jsonSchemaOf } from '../../../src/dry-run/cloud/json-schema.js';

/** A codec, and values that it takes. */
interface Coded {
  readonly type: t.Mixed;
  readonly values: fc.Arbitrary<unknown>;
}

const names = ['a', 'b', 'length', '$ref', 'ü'];
const leaf: fc.Arbitrary<Coded> = fc.oneof(
  fc.constant({ type: t.string, values: fc.string() }),
  fc.constant({ type: t.number, values: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  fc.constant({ type: t.Int, values: fc.integer() }),
  fc.constant({ type: t.boolean, values: fc.boolean() }),
  fc.constant({ type: t.null, values: fc.constant(null) }),
  fc.constant({ type: t.unknown, values: fc.jsonValue() }),
  fc.constant({ type: t.UnknownRecord, values: fc.dictionary(fc.string(), fc.jsonValue()) }),
  fc.constant({ type: t.UnknownArray, values: fc.array(fc.jsonValue(), { maxLength: 3 }) }),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()).map(value => ({ type: t.literal(value as string), values: fc.constant(value) })),
  fc.constant({ type: t.keyof({ on: null, off: null }), values: fc.constantFrom('on', 'off') }),
);

const members = (of: fc.Arbitrary<Coded>): fc.Arbitrary<Record<string, Coded>> =>
  fc.dictionary(fc.constantFrom(...names), of, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
const typesOf = (coded: Record<string, Coded>): t.Props =>
  Object.fromEntries(Object.entries(coded).map(([name, { type }]) => [name, type]));
const valuesOf = (coded: Record<string, Coded>, requiredKeys?: []): fc.Arbitrary<unknown> => {
  const values = Object.fromEntries(Object.entries(coded).map(([name, each]) => [name, each.values]));
  return requiredKeys === undefined ? fc.record(values) : fc.record(values, { requiredKeys });
};

const { coded } = fc.letrec<{ coded: Coded }>(tie => {
  const of = tie('coded');
  return {
    coded: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      of.map(({ type, values }) => ({ type: t.array(type), values: fc.array(values, { maxLength: 3 }) })),
      of.map(({ type, values }) => ({ type: t.readonlyArray(type), values: fc.array(values, { maxLength: 3 }) })),
      members(of).map(each => ({ type: t.type(typesOf(each)), values: valuesOf(each) })),
      members(of).map(each => ({ type: t.strict(typesOf(each)), values: valuesOf(each) })),
      members(of).map(each => ({ type: t.readonly(t.partial(typesOf(each))), values: valuesOf(each, []) })),
      members(of).map(each => {
        const optional = Object.fromEntries(Object.entries(typesOf(each)).map(([name, type]) => [name, t.union([type, t.undefined])]));
        return { type: t.type(optional), values: valuesOf(each, []) };
      }),
      of.map(({ type, values }) => ({ type: t.record(t.string, type), values: fc.dictionary(fc.string(), values, { maxKeys: 3 }) })),
      of.map(({ type, values }) => ({
        type: t.record(t.keyof({ x: null, y: null }), type),
        values: fc.record({ x: values, y: values }),
      })),
      fc.tuple(of, of).map(([one, other]) => ({
        type: t.union([one.type, other.type]),
        values: fc.oneof(one.values, other.values),
      })),
      fc.tuple(of, of).map(([one, other]) => ({
        type: t.tuple([one.type, other.type]),
        values: fc.tuple(one.values, other.values),
      })),
      fc.tuple(members(of), members(of)).map(([one, other]) => {
        const both = { ...one, ...Object.fromEntries(Object.entries(other).map(([name, each]) => [`2${name}`, each])) };
        const second = Object.fromEntries(Object.entries(other).map(([name, each]) => [`2${name}`, each]));
        return { type: t.intersection([t.type(typesOf(one)), t.type(typesOf(second))]), values: valuesOf(both) };
      }),
    ),
  };
});

/** As it comes out of a message. */
const received = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

const here = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', 0, 1.5, true, [], {}));

/** A value with one thing changed somewhere in it. */
const mutated = (value: unknown): fc.Arbitrary<unknown> => {
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    return fc.oneof(
      here,
      here.map(more => [...list, more]),
      fc.constant(list.slice(0, -1)),
      ...list.map((item, i) => mutated(item).map(other => list.map((each, j) => (i === j ? other : each)))),
    );
  }
  if (typeof value !== 'object' || value === null) return here;
  const entries = Object.entries(value);
  return fc.oneof(
    here,
    fc.tuple(fc.constantFrom(...names), here).map(([name, more]) => ({ ...value, [name]: more })),
    ...entries.map(([name]) => fc.constant(Object.fromEntries(entries.filter(([other]) => other !== name)))),
    ...entries.map(([name, item]) => mutated(item).map(other => ({ ...value, [name]: other }))),
  );
};

/** One for all: it compiles the dialect itself once. */
const ajv = new Ajv2020({ strict: true, strictTuples: false, strictTypes: false, addUsedSchema: false });
const validator = (type: t.Decoder<unknown, unknown>) => ajv.compile(jsonSchemaOf(type));

describe('the JSON Schema of a codec', () => {
  it('takes what the codec takes, and refuses what it refuses: thousands of values, and those values with one thing changed', () => {
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        coded.chain(({ type, values }) =>
          fc
            .array(
              values.map(received).chain(value => fc.tuple(fc.constant(value), mutated(value))),
              { minLength: 40, maxLength: 40 },
            )
            .map(pairs => ({ type, pairs })),
        ),
        ({ type, pairs }) => {
          const validate = validator(type);
          for (const [value, changed] of pairs) {
            if (!validate(value)) throw new Error(`${type.name} takes ${JSON.stringify(value)}`);
            const isTaken = type.decode(received(changed))._tag === 'Right';
            if (validate(received(changed)) !== isTaken)
              throw new Error(`${type.name} ${isTaken ? 'takes' : 'refuses'} ${JSON.stringify(changed)}`);
            if (isTaken) taken++;
            else refused++;
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(taken).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
  });

  it('knows codecs that refer to themselves', () => {
    interface Tree {
      readonly value: number;
      readonly children: Tree[];
    }
    const Tree: t.Type<Tree> = t.recursion('Tree', () => t.type({ value: t.number, children: t.array(Tree) }));
    const validate = validator(t.type({ root: Tree, other: t.union([Tree, t.null]) }));
    const tree = (value: unknown) => ({ value: 1, children: [{ value, children: [] }] });
    expect(validate({ root: tree(2), other: null })).toBe(true);
    expect(validate({ root: tree('2'), other: null })).toBe(false);
    expect(validate({ root: tree(2), other: tree(null) })).toBe(false);
  });

  it('says in words what no tag says', () => {
    const Percent = t.brand(t.number, (n): n is t.Branded<number, { readonly Percent: symbol }> => n >= 0 && n <= 100, 'Percent');
    const Time = new t.Type<number, string>('Time', t.number.is, (text, context) => t.failure(text, context), String);
    const Names = t.record(
      t.refinement(t.string, name => name.startsWith('x'), 'XName'),
      t.number,
    );
    expect(jsonSchemaOf(t.type({ share: Percent, at: Time, more: Names }))).toEqual({
      type: 'object',
      properties: {
        share: { type: 'number', description: 'Refined by the codec Percent, which says what else is asked for.' },
        at: { description: 'What the codec Time takes. JSON Schema does not say what that is.' },
        more: { type: 'object', description: 'Members whose names are XName must be number; others are left out.' },
      },
      required: ['share', 'at'].concat('more'),
    });
  });

  it('of what no JSON is takes nothing', () => {
    for (const type of [t.undefined, t.never, t.bigint, t.union([t.undefined, t.void])]) {
      const validate = validator(type);
      for (const value of [null, 0, '', {}, []]) expect(validate(value)).toBe(false);
    }
  });
});
