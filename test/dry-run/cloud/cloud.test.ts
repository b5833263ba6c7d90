import { Ajv2020 } from 'ajv/dist/2020.js';
import * as t from 'io-ts';
import { right } from 'fp-ts/lib/Either.js';
import { map, NEVER, of, takeUntil } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Decoder } from '../../../src/codec/codec.js';
import { gzipped, json, jsonArray, ndjson, text } from '../../../src/codec/index.js';
import { type Branches, component, type RunContext } from '../../../src/component/index.js';
import { dryRun, type DryRun } from '../../../src/dry-run/index.js';
import { publishTo } from '../../../src/flow/index.js';
import { encodeBatches } from '../../../src/operators/index.js';
import { envelope, forwardFrom, storeIn } from '../../../src/outbox/index.js';
import { marked } from '../../../src/outbox/mark.js';
import type { MqttProxy, PublishRequest } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/index.js';
import { withTrace } from '../../../src/tracing/index.js';

type Maker = () => PublishRequest;

const qos = QOS.AT_LEAST_ONCE;
const Reading = t.type({ celsius: t.number, place: t.union([t.string, t.null]) });

const dry = async (run: (proxy: MqttProxy, config: unknown, context: RunContext) => Branches): Promise<DryRun> => {
  const result = await dryRun(component({ name: 'com.example.Meter', version: '1.0.0', run }));
  if (result._tag === 'Left') throw result.left;
  return result.right;
};

const quiet = (proxy: MqttProxy, topics: readonly string[], payload?: Decoder<unknown>, name?: string) =>
  NEVER.pipe(
    takeUntil(proxy.draining$),
    publishTo(proxy, () => ({ topicName: topics[0] ?? '', payload: '', qos }), { topics, payload, name }),
  );

const found = ({ findings }: DryRun): readonly string[] =>
  findings.filter(({ about }) => about === 'cloud').map(({ severity, message }) => `${severity}: ${message}`);
const files = (result: DryRun): ReadonlyMap<string, string> => new Map(result.cloudFiles().map(({ path, text }) => [path, text]));
const fileOf = (result: DryRun, path: string): string => files(result).get(path) ?? '';
/** The statements of the rules, by the rules' names. */
const rulesOf = (result: DryRun): ReadonlyMap<string, string> => {
  const { Resources } = parse(fileOf(result, 'template.yaml')) as {
    readonly Resources: Readonly<
      Record<string, { readonly Properties: { readonly RuleName?: string; readonly TopicRulePayload?: { readonly Sql: string } } }>
    >;
  };
  return new Map(
    Object.values(Resources).flatMap(({ Properties: { RuleName, TopicRulePayload } }) =>
      RuleName === undefined ? [] : [[RuleName, TopicRulePayload?.Sql ?? '']],
    ),
  );
};

describe('the cloud side', () => {
  it('has a rule, a schema and tables for each topic that a stage publishes to, by names that SQL takes', async () => {
    const result = await dry(proxy => ({
      one: quiet(proxy, ['plant/+/temperature', '7/{x}'], json(Reading), 'one'),
      two: quiet(proxy, ['plant/temperature'], json(Reading), 'two'),
      local: NEVER.pipe(takeUntil(proxy.draining$)),
    }));
    expect([...files(result).keys()]).toEqual([
      'template.yaml',
      ...['t7_x', 'plant_temperature', 'plant_temperature_2'].flatMap(name =>
        ['schema.json', 'files.sql', 'kafka.sql', 'sql'].map(end => `${name}.${end}`),
      ),
    ]);
    expect(fileOf(result, 'template.yaml')).toContain(`FROM 'plant/+/temperature'"`);
    expect(fileOf(result, 'template.yaml')).toContain('RuleName: "Meter_plant_temperature_2"');
  });

  it('has names of its own for each topic, with whatever ending', async () => {
    const result = await dry(proxy => quiet(proxy, ['x/1', 'x1', 'a', 'a/once', 'A'], json(Reading)));
    const views = [...files(result)].flatMap(([path, text]) =>
      path.endsWith('.kafka.sql') ? [] : [...text.matchAll(/CREATE (?:VIEW|TABLE) `(\w+)`/g)].map(([, name = '']) => name.toLowerCase()),
    );
    expect(new Set(views).size).toBe(views.length);
    const ids = [...fileOf(result, 'template.yaml').matchAll(/^ {2}(\w+Rule):$/gm)].map(([, id]) => id);
    expect(ids).toHaveLength(5);
  });

  it('is empty where no stage says where it publishes', async () => {
    const result = await dry(proxy =>
      NEVER.pipe(
        takeUntil(proxy.draining$),
        publishTo(proxy, () => ({ topicName: 'out', payload: '', qos })),
      ),
    );
    expect(result.cloudFiles()).toEqual([]);
  });

  it('has one rule for all topics of Basic Ingest that go to it, by the name in the topic', async () => {
    const result = await dry(proxy => quiet(proxy, ['$aws/rules/Store/a', '$aws/rules/Store/b', '$aws/rules/Other/c'], json(Reading)));
    expect([...files(result).keys()].filter(path => path.endsWith('.schema.json'))).toEqual(['Other.schema.json', 'Store.schema.json']);
    // It subscribes to nothing: what the rest of the account publishes does not come.
    expect([...rulesOf(result)].map(([name, sql]) => [name, / FROM .*/.exec(sql)?.[0]])).toEqual([
      ['Other', undefined],
      ['Store', undefined],
    ]);
  });

  it('has rules with names of their own, as short as names may be, whatever the topics are', async () => {
    const long = 'x'.repeat(250);
    const result = await dry(proxy =>
      quiet(proxy, ['$aws/rules/Meter_a/b', 'a', `${long}/1`, `${long}/2`, '#', '日本/温度', "it's"], json(Reading)),
    );
    const names = [...rulesOf(result).keys()];
    expect(names).toEqual(expect.arrayContaining(['Meter_a', 'Meter_a_2', 'Meter_messages', 'Meter_messages_2', 'Meter_it_s']));
    expect(names).toHaveLength(7);
    for (const name of names) expect(name).toMatch(/^\w{1,128}$/);
    for (const path of files(result).keys()) expect(path.length).toBeLessThanOrEqual(255);
    expect(rulesOf(result).get('Meter_it_s')).toMatch(/ FROM 'it''s'$/);
  });

  it('has the rule read who it is to Kafka from the secret, by whatever name that goes', async () => {
    const result = await dry(proxy => quiet(proxy, ['a'], json(Reading)));
    const { Resources } = parse(fileOf(result, 'template.yaml')) as { readonly Resources: Readonly<Record<string, unknown>> };
    // Of Fn::Sub nobody says what it makes of a name within ${!…}; Fn::Join has no such question.
    expect(JSON.stringify(Resources['ARule'])).not.toContain('${!');
    expect(Resources).toHaveProperty(
      ['ARule', 'Properties', 'TopicRulePayload', 'Actions', 1, 'Fn::If', 1, 'Kafka', 'ClientProperties', 'sasl.scram.username'],
      {
        'Fn::Join': [
          '',
          ["${get_secret('", { Ref: 'KafkaSecretName' }, "', 'SecretString', 'username', '", { 'Fn::GetAtt': ['RuleRole', 'Arn'] }, "')}"],
        ],
      },
    );
  });

  it('has nothing of a topic in its SQL but in texts and comments, whatever the topic is made of', async () => {
    const topic = "a`'\nDROP TABLE x;\u2028--";
    const result = await dry(proxy => quiet(proxy, [topic], json(Reading)));
    for (const path of ['a_DROP_TABLE_x.sql', 'a_DROP_TABLE_x.files.sql', 'a_DROP_TABLE_x.kafka.sql']) {
      expect(fileOf(result, path)).toMatch(/^-- Messages to a`'\\nDROP TABLE x;\\u2028-- of com\.example\.Meter, .*\n/);
      expect(fileOf(result, path)).not.toMatch(/^DROP/m);
    }
    expect([...rulesOf(result).values()].map(sql => sql.slice(sql.indexOf(' FROM ')))).toEqual([` FROM '${topic.replace("'", "''")}'`]);
  });

  it('waits as long for what is late as the outbox sends it, and forgets ids a day later', async () => {
    const sqlOf = async (maxAge?: number) => {
      const result = await dry((proxy, _, { openOutbox }) =>
        NEVER.pipe(
          takeUntil(proxy.draining$),
          storeIn(openOutbox({ mark: 'wrap', topics: ['a'], maxAge }), () => ({ topicName: 'a', payload: '', qos }), {
            payload: json(Reading),
          }),
        ),
      );
      return `${fileOf(result, 'a.files.sql')}${fileOf(result, 'a.sql')}`;
    };
    const watermark = /WATERMARK FOR `stored_at` AS `stored_at` - (.*)\n/;
    expect(watermark.exec(await sqlOf(3 * 86_400_000))?.[1]).toBe("INTERVAL '3' DAY(3)");
    expect(watermark.exec(await sqlOf(26 * 3_600_000))?.[1]).toBe("INTERVAL '1 02:00' DAY(3) TO MINUTE");
    expect(watermark.exec(await sqlOf())?.[1]).toBe("INTERVAL '14' DAY(3)");
    expect(await sqlOf(26 * 3_600_000)).toContain("SET 'table.exec.state.ttl' = '3 d'");
  });

  it('of a topic that an outbox and an envelope share has one table: they make the same messages', async () => {
    const result = await dry((proxy, _, { openOutbox }) => {
      const outbox = openOutbox({ mark: 'wrap', topics: ['a'], maxAge: 86_400_000 });
      const made = () => ({ topicName: 'a', payload: '', qos });
      return {
        direct: NEVER.pipe(takeUntil(proxy.draining$), publishTo(proxy, envelope(made), { topics: ['a'], payload: json(Reading) })),
        stored: NEVER.pipe(takeUntil(proxy.draining$), storeIn(outbox, made, { payload: json(Reading) })),
        sent: forwardFrom(outbox, proxy),
      };
    });
    expect(fileOf(result, 'a.files.sql')).toContain("- INTERVAL '1' DAY(3)");
    expect(fileOf(result, 'a.sql')).toContain("JSON_VALUE(m.`text`, '$.celsius')");
  });

  it.each([
    ['alone', (made: Maker) => envelope(made)],
    ['within withTrace', (made: Maker) => withTrace(envelope(made))],
    ['around withTrace', (made: Maker) => envelope(withTrace(made))],
  ])('knows an envelope %s', async (_, wrap) => {
    const result = await dry(proxy =>
      NEVER.pipe(
        takeUntil(proxy.draining$),
        publishTo(
          proxy,
          wrap(() => ({ topicName: 'a', payload: '', qos })),
          { topics: ['a'], payload: json(Reading) },
        ),
      ),
    );
    expect(JSON.parse(fileOf(result, 'a.schema.json'))).toMatchObject({ properties: { epoch: { type: 'string' } } });
    expect(found(result)).not.toContainEqual(expect.stringContaining('have no id'));
  });
});

describe('the schema of a message', () => {
  const mark = { epoch: 'e', stream: '', number: 1, storedAt: 1, attempt: 1, replayed: false, lost: [{ first: 1, last: 2 }] };
  const enveloped = (payload: string | Uint8Array): unknown =>
    JSON.parse(Buffer.from(marked({ topicName: 'a', payload, qos }, mark, 'wrap').payload).toString());
  const schemaOf = async (payload: Decoder<unknown>, marks = true): Promise<(value: unknown) => boolean> => {
    const made = () => ({ topicName: 'a', payload: '', qos });
    const result = await dry(proxy =>
      NEVER.pipe(takeUntil(proxy.draining$), publishTo(proxy, marks ? envelope(made) : made, { topics: ['a'], payload })),
    );
    return new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(fileOf(result, 'a.schema.json')) as object);
  };
  const good = { celsius: 1, place: null };
  const bad = { celsius: '1', place: null };

  it('takes what the codec makes, envelope and all, and refuses what the codec refuses', async () => {
    for (const [codec, of] of [
      [json(Reading), (value: unknown) => value],
      [jsonArray(Reading), (value: unknown) => [value, value]],
    ] as const) {
      const [plain, inEnvelope] = [await schemaOf(codec, false), await schemaOf(codec)];
      expect([plain(of(good)), plain(of(bad))]).toEqual([true, false]);
      expect([inEnvelope(enveloped(JSON.stringify(of(good)))), inEnvelope(enveloped(JSON.stringify(of(bad))))]).toEqual([true, false]);
      expect(inEnvelope(of(good))).toBe(false);
    }
  });

  it('of what is no JSON takes its envelope, base64 or by chance a JSON text', async () => {
    const lines = ndjson(Reading);
    for (const [codec, payloads] of [
      [lines, [lines.encode([{ celsius: 1, place: '' }]), lines.encode([])]],
      [text, ['12', 'no JSON']],
      [gzipped(lines), [gzipped(lines).encode([])]],
    ] as const) {
      const validate = await schemaOf(codec);
      for (const payload of payloads) expect(validate(enveloped(payload))).toBe(true);
      expect(validate({ ...mark, lost: [] })).toBe(false);
    }
  });

  it('has what a recursive codec refers to at its root', async () => {
    interface Tree {
      readonly children: Tree[];
    }
    const Tree: t.Type<Tree> = t.recursion('Tree', () => t.type({ children: t.array(Tree) }));
    const validate = await schemaOf(json(t.type({ tree: Tree })));
    expect(validate(enveloped('{"tree":{"children":[{"children":[]}]}}'))).toBe(true);
    expect(validate(enveloped('{"tree":{"children":[{}]}}'))).toBe(false);
  });
});

describe('what of the cloud side no longer fits the code', () => {
  const other = t.type({ celsius: t.number, place: t.union([t.string, t.null]), humidity: t.number });
  const result = (type: t.Mixed, topics: readonly string[] = ['a']) => dry(proxy => quiet(proxy, topics, json(type)));

  it('is nothing for the files themselves, however their author goes on with them', async () => {
    const derived = await result(Reading);
    const written = new Map(files(derived));
    expect(derived.cloudDifference(path => written.get(path))).toEqual([]);
    const template = written.get('template.yaml') ?? '';
    const more = template
      .replace('Resources:\n', 'Resources:\n  Mine:\n    Type: AWS::SNS::Topic\n    Properties: {}\n')
      .replace('IntervalInSeconds: 300', 'IntervalInSeconds: 60')
      .replace('Default: ""', 'Default: "arn:aws:iot:eu-west-1:123456789012:ruledestination/vpc/1"');
    expect(more).not.toBe(template);
    written.set('template.yaml', more);
    written.set('a.files.sql', (written.get('a.files.sql') ?? '').replace('s3://your-bucket/a/', 's3://mine/a/').replaceAll('\n', '\r\n'));
    written.set('a.sql', `-- mine\n${written.get('a.sql') ?? ''}\nCREATE VIEW mine AS SELECT 1;\n`);
    expect(derived.cloudDifference(path => written.get(path))).toEqual([]);
  });

  it('is told line by line: what is lacking, what is too much, what differs', async () => {
    const before = files(await result(Reading, ['a', 'b']));
    const after = await result(other, ['a', 'c']);
    expect(after.cloudDifference(path => before.get(path))).toEqual([
      expect.stringMatching(/^\+ template\.yaml\/Resources\/RuleRole\/.* must be |^~ template\.yaml\/Resources\/RuleRole\//),
      expect.stringMatching(/^\+ template\.yaml\/Resources\/CRule must be \{/),
      expect.stringMatching(/^\+ template\.yaml\/Resources\/CStream must be \{/),
      '- template.yaml/Resources/BRule: the component publishes nothing there',
      '+ a.schema.json/properties/humidity must be {"type":"number"}',
      '~ a.schema.json/required is ["celsius","place"]; the codec says ["celsius","place","humidity"]',
      '~ a.sql: CREATE VIEW `a` differs',
      '~ a.sql: CREATE VIEW `a_per_minute` differs',
      ...['schema.json', 'files.sql', 'kafka.sql', 'sql'].map(end => `+ c.${end} is missing`),
    ]);
  });

  it('is a rule with more actions than there may be, and a file that cannot be read', async () => {
    const derived = await result(Reading);
    const written = new Map(files(derived));
    const action = '          - Sns: {TargetArn: arn, RoleArn: arn}\n';
    const template = written.get('template.yaml') ?? '';
    written.set('template.yaml', template.replace('        ErrorAction:', `${action.repeat(9)}        ErrorAction:`));
    expect(derived.cloudDifference(path => written.get(path))).toEqual([
      '~ template.yaml/Resources/ARule has 11 actions; a rule may have 10',
    ]);
    written.set('template.yaml', '{');
    written.set('a.schema.json', '{');
    expect(derived.cloudDifference(path => written.get(path))).toEqual([
      expect.stringMatching(/^~ template\.yaml is no YAML: /),
      '~ a.schema.json is no JSON',
    ]);
  });
});

describe('of the cloud a dry run finds', () => {
  it('arrays with more than Firehose takes of one, metered by each 5 KB begun and once more by the rule', async () => {
    const batches = (messages: number, bytes: number, topic: string) => (proxy: MqttProxy) =>
      proxy.subscribe({ topicName: 'in', qos, codec: json(Reading) }).pipe(
        map(message => (message._tag === 'Right' ? right(message.right.value) : message)),
        onRights(encodeBatches({ format: jsonArray(Reading), messages, bytes })),
        onRights(publishTo(proxy, ({ payload }) => ({ topicName: topic, payload, qos }), { topics: [topic], payload: jsonArray(Reading) })),
      );
    expect(found(await dry(batches(500, 5_000, '$aws/rules/Store/a')))).toEqual([
      expect.stringMatching(/^note: The messages .* have no id/),
    ]);
    expect(found(await dry(batches(501, 12_000, '$aws/rules/Store/a')))).toEqual([
      expect.stringMatching(/^note: The messages .* have no id/),
      expect.stringMatching(
        /^warning: The JSON arrays to "\$aws\/rules\/Store\/a" have up to 501 values; Amazon Data Firehose takes at most 500/,
      ),
      expect.stringMatching(
        /^note: Messages .* of up to \d+ bytes are metered for each 5 KB begun: by the rule as 3 for being triggered and 3 for each action/,
      ),
    ]);
    expect(found(await dry(batches(500, 12_000, 'a')))[1]).toMatch(/begun: as 3 messages, and by the rule as 3 /);
  });

  it('large messages to a topic that is declared by a filter', async () => {
    const result = await dry(proxy =>
      of(1).pipe(
        publishTo(proxy, () => ({ topicName: 'a/1', payload: JSON.stringify('x'.repeat(6_000)), qos }), {
          topics: ['a/+'],
          payload: json(t.string),
        }),
      ),
    );
    expect(found(result)[1]).toMatch(/^note: Messages to "a\/\+" of up to 6002 bytes are metered for each 5 KB begun: as 2 messages/);
  });

  it('topics that nobody subscribes to, for which Basic Ingest would do', async () => {
    const made = envelope(() => ({ topicName: 'a', payload: '', qos }));
    const publishing = (proxy: MqttProxy) =>
      NEVER.pipe(takeUntil(proxy.draining$), publishTo(proxy, made, { topics: ['a'], payload: json(Reading) }));
    expect(found(await dry(publishing))).toEqual([
      expect.stringMatching(
        /^note: Nothing in this component subscribes to "a"\. If nobody else does, publish to basicIngest\("Meter_a", …\)/,
      ),
    ]);
    expect(
      found(await dry(proxy => ({ out: publishing(proxy), echo: proxy.subscribe({ topicName: '+', qos, codec: json(t.unknown) }) }))),
    ).toEqual([]);
  });

  it('subscriptions below $aws/rules/, on which nothing ever comes', async () => {
    expect(found(await dry(proxy => proxy.subscribe({ topicName: '$aws/rules/Store/a', qos, codec: json(Reading) })))).toEqual([
      expect.stringMatching(/^warning: Nothing ever comes on "\$aws\/rules\/Store\/a": Basic Ingest passes the broker by/),
    ]);
  });

  it('payloads that two stages declare in two ways', async () => {
    const result = await dry(proxy => ({
      one: quiet(proxy, ['a'], json(Reading), 'one'),
      two: quiet(proxy, ['a'], json(t.string), 'two'),
    }));
    expect(found(result)[0]).toMatch(/^note: What is published to "a" is declared by some of its stages only, or in two ways/);
  });

  it('nothing where nobody has declared a payload', async () => {
    expect(found(await dry(proxy => quiet(proxy, ['a'])))).toEqual([]);
  });
});
