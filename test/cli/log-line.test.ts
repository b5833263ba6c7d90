import { PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Interrupted } from '../../src/errors/errors.js';
import type { WriteStream } from 'node:tty';
import { asyncScheduler } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { DevEvent } from '../../src/cli/dev/dev-log.js';
import { logSentence, ownCode } from '../../src/cli/dev/log-line.js';
import { prettyLog } from '../../src/cli/dev/pretty-log.js';
import { Output } from '../../src/cli/output.js';
import { type Mark, marked, type MarkWith } from '../../src/outbox/mark.js';
import { QOS } from '../../src/shared/qos.js';
import { SubscribedFilters } from '../../src/cli/chaos/run-chaos.js';
import { jsonLog, type Log } from '../../src/component/log.js';

/** What is shown of a line that the log of components writes. */
function shown(write: (log: Log) => void) {
  let written = '';
  write(jsonLog(line => (written += line), { level: 'debug', fields: { component: 'com.example.A' } }));
  return logSentence(written);
}

describe('a line of a component', () => {
  test('of its log is shown as a sentence, with what went wrong', () => {
    expect(shown(log => log.info('started'))).toEqual({ level: 'info', sentence: 'started' });
    expect(shown(log => log.warn('summaries: late', { error: new Error('It is late.') }))).toMatchObject({
      level: 'warn',
      sentence: 'summaries: late: Error: It is late.',
    });
    expect(shown(log => log.error('It is late.', { error: new TypeError('It is late.') }))?.sentence).toBe('TypeError: It is late.');
    expect(shown(log => log.error('ended: It failed.', { error: new Error('It is late.') }))?.sentence).toBe(
      'ended: It failed: Error: It is late.',
    );
    expect(shown(log => log.warn('cmd: Interrupted', { error: new Interrupted('a') }))?.sentence).toMatch(
      /^cmd: Interrupted: The subscription/,
    );
    expect(shown(log => log.warn('no Error', { error: { _tag: 'X' } }))?.sentence).toBe('no Error');
  });

  test('that is none of its log is left as it is', () => {
    for (const text of ['plain', '{"time":', '{"time":1}', '{"time":1,"level":"loud","message":"x","component":"y"}', '[1]'])
      expect(logSentence(text)).toBeUndefined();
  });
});

describe('an error of a component', () => {
  const out = new Output(new PassThrough() as unknown as WriteStream);
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const output = (write: (log: Log) => void): DevEvent[] => {
    const events: DevEvent[] = [];
    write(
      jsonLog(line => events.push({ kind: 'output', component: 'com.example.A', stream: 'stdout', text: line.trimEnd() }), {
        fields: { component: 'com.example.A' },
      }),
    );
    return events;
  };

  test('is shown with its first line of code and its causes, and once though the log has it twice; after a restart again', () => {
    const render = prettyLog(out, ['com.example.A']);
    const error = new TypeError('too hot', { cause: new RangeError('above 100') });
    const [first, end] = output(log => {
      log.error('summaries: too hot', { error });
      log.error('ended: Something threw.', { error });
    }).map(event => render(event));
    const lines = (first ?? '').split('\n').map(line => line.trim());
    expect(lines[0]).toMatch(/ A {3}\| error: summaries: TypeError: too hot$/);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^at test\/cli\/log-line\.test\.ts:\d+:\d+$/),
      "const error = new TypeError('too hot', { cause: new RangeError('above 100') });",
      'caused by RangeError: above 100',
      expect.stringMatching(/^at test\/cli\/log-line\.test\.ts:\d+:\d+$/),
    ]);
    expect(end).toMatch(/ A {3}\| error: ended: Something threw$/);
    render({ kind: 'started', component: 'com.example.A', pid: 1, command: ['node'] });
    const [again] = output(log => log.error('ended: Something threw.', { error })).map(event => render(event));
    expect(again).toContain('TypeError: too hot');
  });

  test('has no place in a file outside of the project, in a dependency, or one that its own message names', () => {
    const at = (place: string, message = 'm') => ownCode(`Error: ${message}\n    at f (${place})`, message, folder);
    expect(at('/etc/passwd:1:1')).toBeUndefined();
    expect(at(`${folder}node_modules/x/y.js:1:1`)).toBeUndefined();
    expect(at('node:internal/x:1:1')).toBeUndefined();
    const named = `m\n    at f (${folder}log-line.test.ts:1:1)`;
    expect(ownCode(`Error: ${named}\n    at node:x:1:1`, named, folder)).toBeUndefined();
    expect(ownCode('', 'm', folder)).toBeUndefined();
    expect(at(`${folder}log-line.test.ts:1:1`)?.place).toBe('log-line.test.ts:1:1');
    expect(at(`${pathToFileURL(`${folder}log-line.test.ts`).href}:1:1`)?.code).toMatch(/^import /);
    expect(at(`${folder}gone.ts:7:1`)).toEqual({ place: 'gone.ts:7:1', code: undefined });
  });
});

test('what an outbox replays is said, with when it was stored, whether its mark is in the payload or beside it', () => {
  const out = new Output(new PassThrough() as unknown as WriteStream);
  const storedAt = asyncScheduler.now() - 93 * 3_600_000;
  const published = (mark: Mark, markWith: MarkWith): DevEvent => {
    const { payload, userProperties } = marked({ topicName: 't', payload: '1', qos: QOS.AT_LEAST_ONCE }, mark, markWith);
    return { kind: 'published', connection: 1, component: 'a', topicName: 't', payload: Buffer.from(payload), qos: 1, userProperties };
  };
  const mark: Mark = { epoch: 'e', stream: '', number: 7, storedAt, attempt: 1, replayed: true, lost: [] };
  for (const markWith of ['members', 'wrap'] as const) {
    expect(prettyLog(out, ['a'])(published(mark, markWith))).toMatch(/ → t .* replayed, stored 3 d 21 h ago$/);
    expect(prettyLog(out, ['a'])(published({ ...mark, replayed: false }, markWith))).not.toContain('replayed, stored');
  }
});

test('a name longer than those of the components is not cut to their width', () => {
  const out = new Output(new PassThrough() as unknown as WriteStream);
  const render = prettyLog(out, ['com.example.A']);
  expect(render({ kind: 'connected', connection: 1, component: 'greengrass-rx' })).toMatch(/ greengrass-rx connected$/);
  expect(render({ kind: 'output', component: 'compile', stream: 'stdout', text: 'Found 0 errors.' })).toMatch(
    / compile \| Found 0 errors\.$/,
  );
  expect(render({ kind: 'connected', connection: 1, component: 'com.example.A' })).toMatch(/ A {3}connected$/);
});

test('what is subscribed to ends with its subscription, and with its connection', () => {
  const filters = new SubscribedFilters();
  const stream = { connection: 1, component: 'com.example.A', streamId: 1, filter: 'a/+' };
  filters.observe({ kind: 'subscribed', ...stream });
  filters.observe({ kind: 'subscribed', ...stream, streamId: 2, filter: 'b' });
  filters.observe({ kind: 'subscribed', ...stream, connection: 2, filter: 'b' });
  expect(['a/x', 'b', 'c'].map(topic => filters.hear(topic))).toEqual([true, true, false]);
  filters.observe({ kind: 'unsubscribed', ...stream });
  expect(['a/x', 'b'].map(topic => filters.hear(topic))).toEqual([false, true]);
  filters.observe({ kind: 'disconnected', connection: 1, component: 'com.example.A' });
  expect(filters.hear('b')).toBe(true);
  filters.observe({ kind: 'disconnected', connection: 2, component: 'com.example.A' });
  expect(filters.hear('b')).toBe(false);
});
