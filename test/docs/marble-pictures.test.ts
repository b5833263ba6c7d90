import { readdirSync, readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import * as t from 'io-ts';
import * as rxjs from 'rxjs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parsePicture, pictureFences } from '../../scripts/marble-picture.js';
import * as main from '../../src/index.js';
import * as operators from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

type Table = Readonly<Record<string, unknown>>;
type Operator = (source$: rxjs.Observable<unknown>) => rxjs.Observable<unknown>;

/** Without a table, letters stand for themselves. */
const tableOf = (text: string): Table | undefined => (text === '' ? undefined : (parse(`{${text}}`) as Table));

/** What the expression of a picture may name: all that is exported, RxJS, io-ts as `t`, and the lanes that go in. */
function evaluate(expression: string, lanes: Table): Operator {
  const all = Object.entries({ ...rxjs, t, ...main, ...operators, ...lanes });
  // From Node 23 on a module of CommonJS has `module.exports` among its names, and Node 26 aborts where a parameter cannot be called that.
  const scope = all.filter(([name]) => /^[\w$]+$/.test(name));
  const made = compileFunction(
    `return (${expression});`,
    scope.map(([name]) => name),
  ) as (...values: unknown[]) => Operator;
  return made(...scope.map(([, value]) => value));
}

const documents = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md'));
const pictures = documents.flatMap(name =>
  pictureFences(readFileSync(`docs/${name}`, 'utf8')).map(({ line, text }) => ({
    place: `docs/${name}:${line}`,
    picture: parsePicture(text),
  })),
);

describe('a marble picture of the documentation is what happens', () => {
  test.each(pictures)('$place', ({ picture: { inputs, operator, output, where, left } }) => {
    const values = tableOf(where);
    const lefts = tableOf(left);
    marbles(({ hot, expectStream }) => {
      const [source, ...others] = inputs.map(({ label, diagram }) => [label, hot(diagram, values)] as const);
      const lanes = Object.fromEntries(others);
      if (source !== undefined) expectStream(source[1].pipe(evaluate(operator, lanes))).toBeMarble(output.diagram, values, lefts);
    })();
  });
});

/** What `greengrass-rx/operators` exports beside operators: aggregates, which the windows take, and questions about values. */
const NO_OPERATORS: ReadonlySet<string> = new Set([
  'atRate',
  ...['aggregate', 'collect', 'count', 'defineAggregate', 'distinctCount', 'first', 'histogram', 'last', 'max', 'mean', 'min'],
  ...['percentile', 'percentiles', 'rate', 'stddev', 'sum', 'variance'],
  ...['isWayFull', 'meteredBytes', 'meteredUnits', 'savings'],
]);

test('every edge operator has a picture', () => {
  const drawn = pictures.map(({ picture }) => picture.operator).join('\n');
  const missing = Object.entries(operators)
    .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name) && !NO_OPERATORS.has(name))
    .map(([name]) => name)
    .filter(name => !new RegExp(`\\b${name}\\(`).test(drawn));
  expect(missing).toEqual([]);
});
