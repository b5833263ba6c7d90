import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as t from 'io-ts';
import { NEVER, takeUntil } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Decoder } from '../../src/codec/codec.js';
import { gzipped, json, jsonArray, ndjson } from '../../src/codec/index.js';
import { component } from '../../src/component/index.js';
import { type CloudFile, dryRun } from '../../src/dry-run/index.js';
import { publishTo } from '../../src/flow/index.js';
import { storeIn } from '../../src/outbox/index.js';
import { type Mark, marked } from '../../src/outbox/mark.js';
import { QOS } from '../../src/shared/qos.js';
import { cfnLint, flinkJars } from '../interop/peers.js';
import { Flink, type QueryResult } from './flink.js';
import { ruled } from './rule.js';

const qos = QOS.AT_LEAST_ONCE;
const Reading = t.intersection([
  t.type({ at: t.Int, kWh: t.number, place: t.string }),
  t.partial({ ok: t.boolean, more: t.record(t.string, t.number), 'odd "name"': t.union([t.string, t.null]) }),
]);
type Reading = t.TypeOf<typeof Reading>;

const one = json(Reading);
const many = jsonArray(Reading);
const lines = ndjson(Reading);
const zipped = gzipped(lines);
const numbers = jsonArray(t.number);

/** Topics in each form, each with what is sent there. */
const meter = component({
  name: 'com.example.Meter',
  version: '1.0.0',
  run: (proxy, _config, { openOutbox }) => {
    const wrapped = openOutbox({
      mark: 'wrap',
      tellOldest: true,
      maxAge: 7 * 86_400_000,
      topics: ['single/+', 'arrays/+', 'lines', 'zipped'],
    });
    const members = openOutbox({ path: 'members.sqlite', topics: ['members'], maxAge: 90_000 });
    const stored = (outbox: typeof wrapped, topic: string, payload: Decoder<unknown>) =>
      NEVER.pipe(
        takeUntil(proxy.draining$),
        storeIn(outbox, () => ({ topicName: topic, payload: '', qos }), { topics: [topic], payload, name: topic }),
      );
    return {
      single: stored(wrapped, 'single/+', one),
      arrays: stored(wrapped, 'arrays/+', many),
      lines: stored(wrapped, 'lines', lines),
      zipped: stored(wrapped, 'zipped', zipped),
      members: stored(members, 'members', one),
      plain: NEVER.pipe(
        takeUntil(proxy.draining$),
        publishTo(proxy, () => ({ topicName: '$aws/rules/Plain/x', payload: '', qos }), {
          topics: ['$aws/rules/Plain/x'],
          payload: numbers,
        }),
      ),
    };
  },
});

const derived = async (): Promise<ReadonlyMap<string, string>> => {
  const dry = await dryRun(meter);
  if (dry._tag === 'Left') throw dry.left;
  return new Map(dry.right.cloudFiles().map(({ path, text }) => [path, text]));
};

const T0 = Date.UTC(2026, 0, 1);
const reading = (n: number): Reading => ({
  at: (T0 + n * 1_000) as t.Int,
  kWh: n / 4,
  place: `Zürich "${n}"`,
  ...(n % 2 === 0 ? { ok: n % 4 === 0, more: { x: n } } : {}),
  ...(n % 3 === 0 ? { 'odd "name"': n % 6 === 0 ? null : 'odd' } : {}),
});

const mark = (number: number, lost: Mark['lost'] = []): Mark => ({
  epoch: 'e1',
  stream: '',
  number,
  storedAt: T0 + number * 10_000,
  attempt: 1,
  replayed: false,
  oldest: T0 + Math.min(number, 4) * 10_000,
  lost,
});

/** The messages of a topic: numbers 1 to 6 of one device but for 3 and 5, the first twice; 3 is told as lost. */
const sent = (topicName: string, payloadOf: (number: number) => string | Uint8Array, markWith: 'wrap' | 'members' | undefined) =>
  [1, 2, 1, 4, 6].map(number => {
    const plain = { topicName, payload: payloadOf(number), qos };
    const message = markWith === undefined ? plain : marked(plain, mark(number, number === 4 ? [{ first: 3, last: 3 }] : []), markWith);
    return ruled({ ...message, payload: Buffer.from(message.payload) }, markWith, 'core-1', T0 + number * 10_000);
  });
const three = (number: number): readonly Reading[] => [0, 1, 2].map(i => reading(3 * number + i));

const TOPICS = [
  { name: 'single', records: sent('single/1', n => one.encode(reading(n)), 'wrap'), values: [1, 2, 4, 6] },
  {
    name: 'arrays',
    records: sent('arrays/1', n => many.encode(three(n)), 'wrap'),
    values: [1, 2, 4, 6].flatMap(n => [3 * n, 3 * n + 1, 3 * n + 2]),
  },
  // A batch of one line is a JSON text by itself, and stands in the envelope as one.
  {
    name: 'lines',
    records: sent('lines', n => lines.encode(n === 2 ? [reading(2)] : three(n)), 'wrap'),
    values: [2, ...[1, 4, 6].flatMap(n => [3 * n, 3 * n + 1, 3 * n + 2])],
  },
  {
    name: 'zipped',
    records: sent('zipped', n => zipped.encode(three(n)), 'wrap'),
    values: [1, 2, 4, 6].flatMap(n => [3 * n, 3 * n + 1, 3 * n + 2]),
  },
  { name: 'members', records: sent('members', n => one.encode(reading(n)), 'members'), values: [1, 2, 4, 6] },
] as const;

/** Those of which the windows are looked at, too: one for each mark. */
const MINUTES: readonly string[] = ['arrays', 'members'];

const rowOf = (n: number): readonly string[] => {
  const { at, kWh, place, ok, more } = reading(n);
  const odd = reading(n)['odd "name"'];
  return [at, kWh.toFixed(2), place, ok ?? 'null', more === undefined ? 'null' : JSON.stringify(more), odd ?? 'null'].map(String);
};
const sorted = (rows: readonly (readonly string[])[]): readonly string[] => rows.map(row => row.join(' | ')).sort();

describe('the rules of a component', () => {
  it('select what the tables read', async () => {
    const template = parse((await derived()).get('template.yaml') ?? '') as {
      readonly Resources: Readonly<
        Record<string, { readonly Type: string; readonly Properties: { readonly TopicRulePayload: { readonly Sql: string } } }>
      >;
    };
    const sqlOf = (id: string): string => template.Resources[`${id}Rule`]?.Properties.TopicRulePayload.Sql ?? '';
    const selected = (sql: string): readonly string[] =>
      [...sql.matchAll(/ AS (\w+)/g)].map(([, name = '']) => name).filter(name => name !== 'Int');
    for (const { name, records } of TOPICS) {
      const sql = sqlOf(name.slice(0, 1).toUpperCase() + name.slice(1));
      const own =
        name === 'members'
          ? []
          : ['epoch', 'stream', 'number', 'storedAt', 'attempt', 'replayed', 'oldest', 'lost', 'payload', 'payloadBase64'];
      const names = Object.keys(records[0] ?? {}).filter(key => !own.includes(key));
      expect([...selected(sql)].sort(), sql).toEqual(names.sort());
    }
    expect(sqlOf('Plain')).toBe(
      "SELECT encode(*, 'base64') AS payloadBase64, regexp_replace(clientid(), '#[0-9]+$', '') AS device, topic() AS topic, timestamp() AS arrivedAt",
    );
  });

  it.skipIf(cfnLint === undefined)(
    'are a template that cfn-lint finds nothing wrong with, by the published schema of CloudFormation',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ggrx-template-'));
      try {
        await writeFile(join(folder, 'template.yaml'), (await derived()).get('template.yaml') ?? '');
        const { stdout } = await promisify(execFile)(cfnLint ?? '', [join(folder, 'template.yaml')]);
        expect(stdout.trim()).toBe('');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

describe.skipIf(flinkJars === undefined)('the tables of a component, on a real Flink', () => {
  let folder: string;
  let results: ReadonlyMap<string, readonly QueryResult[]>;
  const rows = (name: string, query: number): readonly (readonly string[])[] => {
    const result = results.get(name)?.[query];
    if (result === undefined || 'failed' in result) throw new Error(result?.failed ?? 'not run');
    return result.rows;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ggrx-tables-'));
    const files = await derived();
    const java: CloudFile[] = [...files].filter(([path]) => path.endsWith('.java')).map(([path, text]) => ({ path, text }));
    const flink = await Flink.compile(join(folder, 'classes'), java);
    const plain = { name: 'Plain', records: sent('x', n => numbers.encode([n, n / 2]), undefined) };
    for (const { name, records } of [...TOPICS, plain]) {
      // As Amazon Data Firehose does: a folder an hour, compressed or not.
      const at = join(folder, name, '2026/01/01/00');
      await mkdir(at, { recursive: true });
      const text = (some: readonly object[]): string => some.map(record => `${JSON.stringify(record)}\n`).join('');
      await writeFile(join(at, `${name}-1-2026-01-01-00-00-00`), text(records.slice(0, 2)));
      await writeFile(join(at, `${name}-1-2026-01-01-00-05-00.gz`), gzipSync(`${text(records.slice(2))}no JSON\n`));
    }
    const tables = (name: string): string => `${files.get(`${name}.files.sql`) ?? ''}
ALTER TABLE \`${name}_messages\` SET ('path' = 'file://${join(folder, name)}');
ALTER TABLE \`${name}_messages\` RESET ('source.monitor-interval');
${files.get(`${name}.sql`) ?? ''}`;
    const columns = 'SELECT `at`, CAST(`kWh` AS DECIMAL(10, 2)), `place`, `ok`, `more`, `odd "name"` FROM';
    results = await flink.run([
      ...TOPICS.map(({ name }) => ({
        name,
        mode: 'streaming' as const,
        sql: `${tables(name)}
${columns} \`${name}\`;
${MINUTES.includes(name) ? `SELECT * FROM \`${name}_per_minute\`;` : ''}
`,
      })),
      {
        name: 'arrays_state',
        mode: 'streaming',
        sql: `${tables('arrays')}\nSELECT * FROM \`arrays_missing\`;\nSELECT * FROM \`arrays_complete\`;\n`,
      },
      { name: 'arrays_batch', mode: 'batch', sql: `${tables('arrays')}\nSELECT * FROM \`arrays_gaps\`;\n` },
      { name: 'Plain', mode: 'streaming', sql: `${tables('Plain')}\nSELECT \`device\`, \`value\` FROM \`Plain\`;\n` },
    ]);
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(TOPICS)('take $name apart: every value once, whatever is sent twice, and every member in its column', ({ name, values }) => {
    expect(sorted(rows(name, 0))).toEqual(sorted(values.map(rowOf)));
  });

  it.each(TOPICS.filter(({ name }) => MINUTES.includes(name)))('count and sum $name by minute', ({ name, values }) => {
    const sum = values.reduce((total, n) => total + reading(n).kWh, 0);
    const minutes = rows(name, 1);
    expect(minutes.every(([device]) => device === 'core-1')).toBe(true);
    expect(minutes.reduce((total, [, , , count]) => total + Number(count), 0)).toBe(values.length);
    expect(minutes.reduce((total, [, , , , , kWh]) => total + Number(kWh), 0)).toBe(sum);
    // Stored after 10 s to 60 s.
    expect(new Set(minutes.map(([, start]) => start))).toEqual(new Set(['2026-01-01T00:00', '2026-01-01T00:01']));
  });

  it('tell how many are missing, which, and of which the device says that they will never come', () => {
    expect(rows('arrays_state', 0)).toEqual([['core-1', 'e1', '', '6', '4', '2']]);
    expect(sorted(rows('arrays_batch', 0))).toEqual(
      sorted([
        ['core-1', 'e1', '', '3', '3', '1'],
        ['core-1', 'e1', '', '5', '5', '0'],
      ]),
    );
  });

  it('tell up to when all of a device has been sent', () => {
    expect(rows('arrays_state', 1)).toEqual([['core-1', 'e1', '2026-01-01T00:00:40Z']]);
  });

  it('of messages without an id have what came', () => {
    expect(sorted(rows('Plain', 0))).toEqual(sorted([1, 2, 1, 4, 6].flatMap(n => [n, n / 2]).map(n => ['core-1', n.toFixed(1)])));
  });
});
