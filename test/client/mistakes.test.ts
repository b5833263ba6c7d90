import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = `${ROOT}test/client/mistakes-virtual.ts`;

const PREAMBLE = `import * as t from 'io-ts'; import { of } from 'rxjs'; import { connectNucleus, json, publishTo } from 'greengrass-rx'; const { mqtt, local } = connectNucleus();`;

/** What the compiler says of each line, in its last and most exact sentence. */
function complaints(lines: readonly string[]): readonly (readonly string[])[] {
  const config = ts.readConfigFile(`${ROOT}tsconfig.json`, path => ts.sys.readFile(path)).config as { compilerOptions: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, ROOT);
  const source = [PREAMBLE, ...lines].join('\n');
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => (name === FILE ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2023) : read(name, ...rest));
  host.fileExists = name => name === FILE || ts.sys.fileExists(name);
  const program = ts.createProgram([FILE], { ...options, noUnusedLocals: false }, host);
  const found: string[][] = lines.map(() => []);
  for (const { start = 0, file, messageText } of program.getSemanticDiagnostics(program.getSourceFile(FILE))) {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) - 1;
    found[line]?.push(ts.flattenDiagnosticMessageText(messageText, '\n').split('\n').at(-1)?.trim() ?? '');
  }
  return found;
}

const sentence = (text: string): string => expect.stringContaining(`is not assignable to type '"${text}"'`) as string;
const CODEC = 'write codec: json(t.type({ … })): t.type alone checks values, and a payload is bytes';
const TOPIC_NAME = 'write topicName: topic is what nucleus.local calls it';
const TOPIC = 'write topic: topicName is what the MQTT proxy calls it';

test('a mistake that many make is one sentence of the compiler, which names the mend', () => {
  const lines: readonly (readonly [line: string, says?: string])[] = [
    [`mqtt.subscribe({ topicName: 'a', qos: 1, codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    [`local.subscribe({ topic: 'a', codec: t.type({ x: t.number }) }).subscribe();`, CODEC],
    [`mqtt.subscribe({ topic: 'a', qos: 1 }).subscribe();`, TOPIC_NAME],
    [`mqtt.publish({ topic: 'a', payload: '', qos: 1 });`, TOPIC_NAME],
    [`of(1).pipe(publishTo(mqtt, () => ({ topic: 'a', payload: '', qos: 1 as const }))).subscribe();`, TOPIC_NAME],
    [`local.subscribe({ topicName: 'a' }).subscribe();`, TOPIC],
    [`local.publish({ topicName: 'a', json: {} });`, TOPIC],
    // And what is right says nothing, in either way to write the qos.
    [`mqtt.subscribe({ topicName: 'a', qos: 1, codec: json(t.type({ x: t.number })) }).subscribe();`],
    [`mqtt.publish({ topicName: 'a', payload: '', qos: 0 });`],
    [`local.publish({ topic: 'a', json: {} });`],
  ];
  expect(complaints(lines.map(([line]) => line))).toEqual(lines.map(([, says]) => (says === undefined ? [] : [sentence(says)])));
});
