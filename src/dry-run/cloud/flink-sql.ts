import type { PayloadShape } from '../../codec/codec.js';
import { visible } from '../../shared/visible.js';
import { type Column, columnsOf, valueSchema } from './message-schema.js';
import type { Outgoing } from './outgoing.js';

const DAY = 86_400_000;

/** How long after it was stored a message may come, where the outbox has no `maxAge`. */
export const LATE: number = 14 * DAY;

/** Milliseconds that a message may come late. */
export function latenessOf({ marks }: Outgoing): number {
  return marks !== undefined && marks.maxAge > 0 && marks.maxAge < Infinity ? marks.maxAge : LATE;
}

/** Whether its messages have an id that the tables know. */
export function hasId({ marks }: Outgoing): boolean {
  return marks?.as === 'wrap' || marks?.as === 'members';
}

/** Flink SQL of one topic: where the messages come from, in two forms of which one is taken, and what is made of them. */
export interface FlinkSql {
  readonly files: string;
  readonly kafka: string;
  readonly views: string;
}

/** The tables of a topic for Apache Flink, from 2.0 on. */
export function flinkSql(componentName: string, outgoing: Outgoing): FlinkSql {
  const { name, filters } = outgoing;
  const head = `-- Messages to ${visible(filters.join(', '))} of ${componentName}, derived by greengrass-rx cloud.`;
  const source = (words: string, options: Readonly<Record<string, string>>): string =>
    `${head}\n-- ${words} What is behind WITH is yours: --check does not look at it.\n${sourceTable(outgoing, options)}`;
  return {
    files: source('As Amazon Data Firehose writes them into files.', {
      connector: 'filesystem',
      path: `s3://your-bucket/${name}/`,
      format: 'json',
      // A line that is no JSON is left out, and its number is missing.
      'json.ignore-parse-errors': 'true',
      'source.monitor-interval': '1 min',
    }),
    kafka: source('As the rule writes them to Apache Kafka.', {
      connector: 'kafka',
      topic: name,
      'properties.bootstrap.servers': 'your-brokers:9092',
      'properties.group.id': componentName,
      'scan.startup.mode': 'earliest-offset',
      'scan.watermark.idle-timeout': '1 min',
      format: 'json',
      'json.ignore-parse-errors': 'true',
    }),
    views: `${[head, ...views(outgoing)].join('\n\n')}\n`,
  };
}

/** Columns for what the rule knows beside the message. */
const RULE_COLUMNS = ['`device` STRING', '`topic` STRING', '`arrivedAt` BIGINT'];
const MARK_COLUMNS = [
  '`epoch` STRING',
  '`stream` STRING',
  '`number` BIGINT',
  '`storedAt` BIGINT',
  '`attempt` INT',
  '`replayed` BOOLEAN',
  '`oldest` BIGINT',
  '`lost` ARRAY<ARRAY<BIGINT>>',
];

function sourceTable(outgoing: Outgoing, options: Readonly<Record<string, string>>): string {
  const isMarked = hasId(outgoing);
  const columns = [
    ...RULE_COLUMNS,
    ...(isMarked ? MARK_COLUMNS : []),
    ...(outgoing.marks?.as === 'wrap' ? ['`payload` STRING'] : []),
    '`payloadBase64` STRING',
    '`arrived_at` AS TO_TIMESTAMP_LTZ(`arrivedAt`, 3)',
    '`taken_at` AS PROCTIME()',
    ...(isMarked
      ? [
          '`stored_at` AS TO_TIMESTAMP_LTZ(`storedAt`, 3)',
          // By when it was stored, not by when it arrives: a device that was away comes with what is old, and by arrival that is late and
          // left out.
          `WATERMARK FOR \`stored_at\` AS \`stored_at\` - ${interval(latenessOf(outgoing))}`,
        ]
      : ["WATERMARK FOR `arrived_at` AS `arrived_at` - INTERVAL '1' MINUTE"]),
  ];
  const written = Object.entries(options).map(([key, value]) => `  '${key}' = ${text(value)}`);
  return `CREATE TABLE ${quoted(`${outgoing.name}_messages`)} (\n  ${columns.join(',\n  ')}\n) WITH (\n${written.join(',\n')}\n);\n`;
}

function views(outgoing: Outgoing): readonly string[] {
  const { name, shape } = outgoing;
  const [messages, once] = [quoted(`${name}_messages`), quoted(`${name}_once`)];
  const isMarked = hasId(outgoing);
  const values = valuesView(outgoing, isMarked ? once : messages);
  return [
    ...(isMarked ? [ttl(outgoing), firstOfEach(messages, once)] : [NO_ID]),
    ...(isGzipped(shape) ? [GUNZIP] : []),
    ...values,
    ...(isMarked ? missing(name, messages, once) : []),
    ...(outgoing.marks?.tellsOldest === true && isMarked ? [complete(name, once)] : []),
  ];
}

const NO_ID = `-- The messages have no id: what comes twice is counted twice, what is missing nobody knows, and time is that of arrival.
-- An outbox with mark: 'wrap', or envelope(…) in publishTo, gives them one.`;

const GUNZIP = `-- No function of Flink's expands gzip, nor does a rule of AWS IoT: compile GunzipBase64.java, and have its jar with the job.
CREATE TEMPORARY FUNCTION gunzip AS 'GunzipBase64' LANGUAGE JAVA;`;

function ttl(outgoing: Outgoing): string {
  return `-- What is remembered of an id, and of a device, is forgotten when nothing more of it can come.
SET 'table.exec.state.ttl' = '${Math.ceil(latenessOf(outgoing) / DAY) + 1} d';`;
}

function firstOfEach(messages: string, once: string): string {
  return `-- The first of each id: what was sent again after a crash, or delivered twice, comes twice.
CREATE VIEW ${once} AS
SELECT * FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY \`device\`, \`epoch\`, \`stream\`, \`number\` ORDER BY \`taken_at\` ASC) AS \`nth\`
  FROM ${messages}
)
WHERE \`nth\` = 1;`;
}

/** The values, one a row. */
function valuesView(outgoing: Outgoing, from: string): readonly string[] {
  const { name, shape } = outgoing;
  const isMarked = hasId(outgoing);
  const kept = ['device', 'topic', ...(isMarked ? ['epoch', 'stream', 'number', 'stored_at', 'replayed'] : []), 'arrived_at'];
  const schema = valueSchema(outgoing);
  const batch = unpacked(shape);
  const columns = schema === undefined ? [] : columnsOf(schema, [...kept, 'item', 'window_start', 'window_end', 'window_time']);
  const item = batch === undefined ? 'm.`text`' : 'v.`item`';
  const selected = [
    ...kept.map(column => `m.${quoted(column)}`),
    ...(schema === undefined
      ? ['m.`text` AS `payload`']
      : columns.map(column => `${valueOf(item, column, shape)} AS ${quoted(column.name)}`)),
  ];
  const parts = batch === undefined ? '' : `\nCROSS JOIN ${batch.unnest} AS v (\`item\`)${batch.where}`;
  const time = isMarked ? 'stored_at' : 'arrived_at';
  const numbers = columns.filter(({ type }) => type === 'DOUBLE' || type === 'BIGINT');
  const sums = numbers.map(({ name: column }) => `,\n  SUM(${quoted(column)}) AS ${quoted(`${column}_sum`)}`).join('');
  return [
    `-- The values, one a row${batch === undefined ? '' : ': batches are taken apart'}.
CREATE VIEW ${quoted(name)} AS
SELECT
  ${selected.join(',\n  ')}
FROM (SELECT *, ${textOf(outgoing)} AS \`text\` FROM ${from}) AS m${parts};`,
    `-- How many, and their sums, by device and minute. A window is told once, when nothing more can come for it.
CREATE VIEW ${quoted(`${name}_per_minute`)} AS
SELECT \`device\`, \`window_start\`, \`window_end\`, COUNT(*) AS \`readings\`${sums}
FROM TABLE(TUMBLE(TABLE ${quoted(name)}, DESCRIPTOR(${quoted(time)}), INTERVAL '1' MINUTE))
GROUP BY \`device\`, \`window_start\`, \`window_end\`;`,
  ];
}

function isGzipped(shape: PayloadShape | undefined): boolean {
  return shape?.format === 'gzip';
}

/** The payload as a text. */
function textOf({ shape, marks }: Outgoing): string {
  const decoded = isGzipped(shape) ? 'gunzip(`payloadBase64`)' : 'FROM_BASE64(`payloadBase64`)';
  return marks?.as === 'wrap' ? `COALESCE(\`payload\`, ${decoded})` : decoded;
}

/** How a payload of several values becomes one row for each. `undefined`: it is one value. */
function unpacked(shape: PayloadShape | undefined): { readonly unnest: string; readonly where: string } | undefined {
  if (shape?.format === 'gzip') return unpacked(shape.of);
  if (shape?.format === 'jsonArray') return { unnest: "UNNEST(JSON_QUERY(m.`text`, '$' RETURNING ARRAY<STRING>))", where: '' };
  if (shape?.format === 'ndjson') return { unnest: 'UNNEST(SPLIT(m.`text`, CHR(10)))', where: "\nWHERE TRIM(v.`item`) <> ''" };
  return undefined;
}

/** An element of a JSON array that is a text comes without its quotes. */
function valueOf(item: string, { member, type }: Column, shape: PayloadShape | undefined): string {
  const isElement = member === undefined && innermost(shape)?.format === 'jsonArray';
  const path = text(member === undefined ? '$' : /^\w+$/.test(member) ? `$.${member}` : `$["${member.replace(/["\\]/g, '\\$&')}"]`);
  const single = isElement ? item : `JSON_VALUE(${item}, ${path})`;
  const nested = isElement ? item : `JSON_QUERY(${item}, ${path})`;
  switch (type) {
    case 'STRING':
      return single;
    case 'JSON':
      return nested;
    case 'ANY':
      return isElement ? item : `COALESCE(${nested}, ${single})`;
    case 'BIGINT':
      // 1.0 is a whole number, too.
      return `CAST(TRY_CAST(${single} AS DOUBLE) AS BIGINT)`;
    case 'DOUBLE':
    case 'BOOLEAN':
      return `TRY_CAST(${single} AS ${type})`;
    default:
      return type satisfies never;
  }
}

function innermost(shape: PayloadShape | undefined): PayloadShape | undefined {
  return shape?.format === 'gzip' ? innermost(shape.of) : shape;
}

function missing(name: string, messages: string, once: string): readonly string[] {
  return [
    `-- How many are missing, by device: of numbers that others have overtaken, those that have not come. What waits on a device and is sent later is missing until then.
CREATE VIEW ${quoted(`${name}_missing`)} AS
SELECT \`device\`, \`epoch\`, \`stream\`, MAX(\`number\`) AS \`expected\`, COUNT(*) AS \`received\`, MAX(\`number\`) - COUNT(*) AS \`missing\`
FROM ${once}
GROUP BY \`device\`, \`epoch\`, \`stream\`;`,
    `-- Which. Numbers are put in order, which only a batch can: SET 'execution.runtime-mode' = 'batch' at the start of a session of its own.
-- told: how many of them the device says will never come.
CREATE VIEW ${quoted(`${name}_gaps`)} AS
SELECT g.\`device\`, g.\`epoch\`, g.\`stream\`, g.\`first_missing\`, g.\`last_missing\`,
  COALESCE(SUM(LEAST(g.\`last_missing\`, l.\`last_lost\`) - GREATEST(g.\`first_missing\`, l.\`first_lost\`) + 1), 0) AS \`told\`
FROM (
  SELECT \`device\`, \`epoch\`, \`stream\`, \`previous\` + 1 AS \`first_missing\`, \`number\` - 1 AS \`last_missing\`
  FROM (
    SELECT \`device\`, \`epoch\`, \`stream\`, \`number\`,
      LAG(\`number\`, 1, CAST(0 AS BIGINT)) OVER (PARTITION BY \`device\`, \`epoch\`, \`stream\` ORDER BY \`number\`) AS \`previous\`
    FROM (SELECT DISTINCT \`device\`, \`epoch\`, \`stream\`, \`number\` FROM ${messages})
  )
  WHERE \`number\` > \`previous\` + 1
) AS g
LEFT JOIN (
  SELECT DISTINCT m.\`device\`, m.\`epoch\`, m.\`stream\`, r.\`numbers\`[1] AS \`first_lost\`, r.\`numbers\`[2] AS \`last_lost\`
  FROM ${messages} AS m
  CROSS JOIN UNNEST(m.\`lost\`) AS r (\`numbers\`)
) AS l
ON g.\`device\` = l.\`device\` AND g.\`epoch\` = l.\`epoch\` AND g.\`stream\` = l.\`stream\`
  AND l.\`first_lost\` <= g.\`last_missing\` AND l.\`last_lost\` >= g.\`first_missing\`
GROUP BY g.\`device\`, g.\`epoch\`, g.\`stream\`, g.\`first_missing\`, g.\`last_missing\`;`,
  ];
}

function complete(name: string, once: string): string {
  return `-- Up to when everything of a device has been sent, but for what is lost: only the device knows its backlog, and says so (oldest).
CREATE VIEW ${quoted(`${name}_complete`)} AS
SELECT \`device\`, \`epoch\`, TO_TIMESTAMP_LTZ(MAX(\`oldest\`), 3) AS \`complete_until\`
FROM ${once}
GROUP BY \`device\`, \`epoch\`;`;
}

/** An interval of Flink SQL, in whole minutes, rounded up; it has three digits for days. */
function interval(milliseconds: number): string {
  const minutes = Math.min(999 * 1_440, Math.ceil(milliseconds / 60_000));
  const two = (number: number): string => `${number}`.padStart(2, '0');
  if (minutes % 1_440 === 0) return `INTERVAL '${minutes / 1_440}' DAY(3)`;
  return `INTERVAL '${Math.floor(minutes / 1_440)} ${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}' DAY(3) TO MINUTE`;
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
