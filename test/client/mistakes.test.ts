import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** As the compiler has paths, on Windows, too. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replaceAll('\\', '/');
const FILE = `${ROOT}test/client/mistakes-virtual.ts`;

const PREAMBLE = [
  "import * as t from 'io-ts'; import { of } from 'rxjs'; import { right } from 'fp-ts/lib/Either.js';",
  "import { connectNucleus, json, publishOrThrow, publishTo, topicTemplate } from 'greengrass-rx'; import { component } from 'greengrass-rx/component';",
  "const { mqtt, local } = connectNucleus(); const about = { name: 'a.B', version: '1.0.0' }; const config = t.type({ n: t.number });",
].join(' ');

/** What the compiler says of a line, and the text that it underlines. */
interface Complaint {
  readonly at: string;
  readonly lines: readonly string[];
}

/** The files that are the same for each test: to read them is half of the work. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function complaints(lines: readonly string[]): readonly (readonly Complaint[])[] {
  const config = ts.readConfigFile(`${ROOT}tsconfig.json`, path => ts.sys.readFile(path)).config as { compilerOptions: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, ROOT);
  const source = [PREAMBLE, ...lines].join('\n');
  const host = ts.createCompilerHost(options);
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (name === FILE) return ts.createSourceFile(name, source, ts.ScriptTarget.ES2023);
    if (!parsed.has(name)) parsed.set(name, read(name, ...rest));
    return parsed.get(name);
  };
  host.fileExists = name => name === FILE || ts.sys.fileExists(name);
  const program = ts.createProgram([FILE], { ...options, noUnusedLocals: false }, host);
  const found: Complaint[][] = lines.map(() => []);
  for (const { start = 0, length = 0, file, messageText } of program.getSemanticDiagnostics(program.getSourceFile(FILE))) {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) - 1;
    found[line]?.push({
      at: source.slice(start, start + length),
      lines: ts.flattenDiagnosticMessageText(messageText, '\n').split('\n'),
    });
  }
  return found;
}

const sentence = (text: string, at: string): string =>
  expect.stringMatching(
    new RegExp(`^${at}: .*is not assignable to type '"${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}"'`, 's'),
  ) as string;
const CODEC = 'write codec: json(t.type({ … })): t.type alone checks values, and a payload is bytes';
const TOPIC_NAME = 'write topicName: topic is what nucleus.local calls it';
const PAYLOAD = 'encode the value first: codec.encode(value), or JSON.stringify(value)';
const RUN = 'write run without async: it gives its streams at once, and what they wait for goes into them, as with defer(async () => …)';
const PLAIN = 'a branch emits Eithers: write map(E.right) behind a stream of plain values';
const NOTHING = 'let run return its streams, and subscribe to none of them: whoever runs the component does';
const TOPIC = 'write topic: topicName is what the MQTT proxy calls it';

/** What is underlined. */
const PLACES: Readonly<Record<string, string>> = {
  [CODEC]: 'codec',
  [TOPIC_NAME]: '.*topic.*',
  [TOPIC]: 'topicName',
  [PAYLOAD]: '.*(x|payload).*',
};

test('a mistake that many make is one sentence of the compiler, which names the mend', () => {
  const lines: readonly (readonly [line: string, says?: string])[] = [
    [`mqtt.subscribe({ topicName: 'a', qos: 1, codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    [`local.subscribe({ topic: 'a', codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    [`mqtt.subscribe({ topic: 'a', qos: 1 }).subscribe();`, TOPIC_NAME],
    [`mqtt.publish({ topic: 'a', payload: '', qos: 1 });`, TOPIC_NAME],
    [`of(1).pipe(publishTo(mqtt, () => ({ topic: 'a', payload: '', qos: 1 as const }))).subscribe();`, TOPIC_NAME],
    [`local.subscribe({ topicName: 'a' }).subscribe();`, TOPIC],
    [`local.publish({ topicName: 'a', json: {} });`, TOPIC],
    [`mqtt.subscribe({ topicName: topicTemplate('a/{b}'), qos: 1, codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    [`local.subscribe({ topic: topicTemplate('a/{b}'), codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    // Beside a codec that is right, the topic is told and nothing else.
    [`mqtt.subscribe({ topic: 'a', qos: 1, codec: json(t.type({ x: t.number })) }).subscribe();`, TOPIC_NAME],
    [`local.subscribe({ topicName: 'a', codec: json(t.type({ x: t.number })) }).subscribe();`, TOPIC],
    [`mqtt.publish({ topicName: 'a', payload: { x: 1 }, qos: 1 });`, PAYLOAD],
    [`publishOrThrow(mqtt, { topicName: 'a', payload: { x: 1 }, qos: 1 });`, PAYLOAD],
    [`of({ x: 1 }).pipe(publishTo(mqtt, payload => ({ topicName: 'a', payload, qos: 1 as const }))).subscribe();`, PAYLOAD],
    [`local.publish({ topic: 'a', payload: { x: 1 } });`, PAYLOAD],
    [`of({ x: 1 }).pipe(publishTo(local, payload => ({ topic: 'a', payload }))).subscribe();`, PAYLOAD],
    // And what is right says nothing, in either way to write the qos.
    [`mqtt.subscribe({ topicName: 'a', qos: 1, codec: json(t.type({ x: t.number })) }).subscribe();`],
    [`mqtt.publish({ topicName: 'a', payload: '', qos: 0 });`],
    [`local.publish({ topic: 'a', json: {} });`],
    [`mqtt.subscribe({ topicName: topicTemplate('a/{b}'), qos: 1 }).subscribe();`],
  ];
  const said = complaints(lines.map(([line]) => line)).map(all => all.map(({ at, lines }) => `${at}: ${lines.at(-1)?.trim() ?? ''}`));
  expect(said).toEqual(lines.map(([, says]) => (says === undefined ? [] : [sentence(says, PLACES[says] ?? '')])));
});

test('what run gives by mistake is told by the first line of what the compiler says, which names the mend', () => {
  const lines: readonly (readonly [line: string, says?: string])[] = [
    [`component({ ...about, run: async () => of(right(1)) });`, RUN],
    [`component({ ...about, run: async () => ({ a: of(right(1)) }) });`, RUN],
    [`component({ ...about, config, run: async (_, { n }) => of(right(n)) });`, RUN],
    [`component({ ...about, config, defaults: { n: 1 }, run: async () => { await null; return { a: of(right(1)) }; } });`, RUN],
    [`component({ ...about, config, run: (_, { n }) => of(n) });`, PLAIN],
    [`component({ ...about, run: () => ({ a: of(right(1)), b: of(1) }) });`, PLAIN],
    [`component({ ...about, run: () => of(right(1)).subscribe() });`, NOTHING],
    [`component({ ...about, run: proxy => { proxy.subscribe({ topicName: 'a', qos: 1 }); } });`, NOTHING],
    // And what is right says nothing, with a configuration or without.
    [`component({ ...about, run: () => of(right(1)) });`],
    [`component({ ...about, config, run: (_, { n }) => ({ a: of(right(n)) }) });`],
    [
      `component({ ...about, config, defaults: { n: 1 }, run: (_, given: { n: number }, { config$ }) => ({ a: of(right(given)), config$ }) });`,
    ],
  ];
  expect(complaints(lines.map(([line]) => line)).map(all => all.map(complaint => complaint.lines[0]))).toEqual(
    lines.map(([, says]) => (says === undefined ? [] : [expect.stringContaining(`"${says}"`) as string])),
  );
  // A configuration that nobody checks is none.
  const unchecked = [
    `component({ ...about, run: (_, given: { n: number }) => of(right(given)) });`,
    `component({ ...about, config, run: (_, given: { n: 1 }) => of(right(given)) });`,
    `component({ ...about, defaults: { n: 1 }, run: () => of(right(1)) });`,
  ];
  expect(complaints(unchecked).map(all => all.map(({ lines: said }) => said.at(-1)?.trim()))).toEqual([
    ["Type 'undefined' is not assignable to type '{ n: number; }'."],
    ["Type 'number' is not assignable to type '1'."],
    ["Type '{ n: number; }' is not assignable to type 'undefined'."],
  ]);
});
