import { readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as main from '../../src/index.js';
import { agg } from '../../src/operators/index.js';

/** The names that a module exports in so many words, types too. */
function namesOf(file: string): readonly string[] {
  const { statements } = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return statements.filter(ts.isExportDeclaration).flatMap(({ exportClause }) => {
    if (exportClause === undefined) throw new Error(`${file} exports all of a module: nobody can count what that is.`);
    return ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [exportClause.name.text];
  });
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly exports: Readonly<Record<string, string>> };
const entries = Object.entries(manifest.exports)
  .filter(([entry]) => entry !== './package.json')
  .map(([entry, file]) => [`greengrass-rx${entry.slice(1)}`, file.replace('./dist/', 'src/').replace('.js', '.ts')] as const);

/**
 * What components use, by folder. An additional name here is a decision: what few components need belongs in the entry of its own folder.
 */
const MAIN = `
  client: connect connectNucleus ConnectOptions Nucleus drainOnSignal shareSubscriptions payloadLimit QOS AnyQos
          MqttProxy MqttMessage Received UserProperty SubscribeRequest SubscriptionStatus SilenceWatch PublishRequest Accepted
          Capabilities CloudStatus ConnectionState DrainReport Profile RunnableTask RunnableTaskEither
          LocalTopics LocalMessage LocalReceived LocalSubscribeRequest LocalSubscribeError LocalPublishRequest LocalAccepted
          Configuration ConfigurationError ConfigurationKey Lifecycle ComponentUpdate shadow Shadow ShadowOptions
  codec: json jsonArray ndjson bytes text gzipped codecOf Codec
  errors: isFailure Kind ConnectError SubscribeError ServiceSubscribeError PublishError RequestError
  flow: publishTo publishOrThrow PublishToOptions PublishPort Published PublishFailure PublishOutcome publishWritable publishWritableStream
        concurrently ConcurrentlyOptions batch BatchOptions BufferPolicy pullThrough toAsyncIterable toReadable
        ledger Ledger StageAccount counted meterStages
  schedule: fixed exponential capped limited budgeted fullJitter equalJitter resetAfter Schedule
  sinks: respond RespondOptions RespondError Command Answer Responded deadLetterTo deadLetterFile DeadLetter fallbackTo failFast
  stream: ObservableEither LeftOf RightOf OE onRights rights lefts orThrow runToEnd RunToEndOptions mergeW tapLeft endAtTerminal
          catchTag catchTags absorbTags absorbKinds matchTags matchKinds
          retryWith RetryWithOptions retryErrorsWith RetryOptions Retry
  topic: topicTemplate TopicTemplate TopicParams TopicPattern topicFilterOf topicMatches basicIngest
`;

describe('the main entry', () => {
  const names = namesOf('src/index.ts');

  test('exports what a component uses, in 150 names at most', () => {
    const listed = MAIN.split(/\s+/).filter(word => word !== '' && !word.endsWith(':'));
    expect([...names].sort()).toEqual([...listed].sort());
    expect(names.length).toBeLessThanOrEqual(150);
  });

  test('has no name of RxJS, but for connect', () => {
    expect(Object.keys(main).filter(name => name in rxjs)).toEqual(['connect']);
  });
});

test('aggregates have names of RxJS, so they come as one namespace too', () => {
  expect(Object.keys(agg).filter(name => name in rxjs)).toEqual(['count', 'first', 'last', 'max', 'min']);
});

describe('every entry of the package', () => {
  test.each(entries)('%s is known to the compiler, the site and the search for dead code', (entry, file) => {
    const known = (name: string): string => readFileSync(name, 'utf8');
    expect(known('tsconfig.json')).toContain(`"${entry}": ["./${file}"]`);
    expect(known('typedoc.json')).toContain(`"${file}"`);
    expect(known('knip.jsonc')).toContain(`"${file}"`);
  });

  test('that is a room has all of it that the main entry has', () => {
    const rooms = ['client', 'codec', 'errors', 'flow', 'schedule', 'sinks', 'topic'];
    const whole = new Map(entries.map(([entry, file]) => [entry, file]));
    const picked = ts
      .createSourceFile('index.ts', readFileSync('src/index.ts', 'utf8'), ts.ScriptTarget.Latest)
      .statements.filter(ts.isExportDeclaration)
      .map(({ moduleSpecifier }) => (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : ''))
      .map(from => from.replace('./', 'src/').replace('.js', '.ts'));
    for (const room of rooms) expect(picked).toContain(whole.get(`greengrass-rx/${room}`));
  });
});
