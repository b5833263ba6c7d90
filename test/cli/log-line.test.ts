import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { asyncScheduler } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { DevEvent } from '../../src/cli/dev/dev-log.js';
import { logSentence, prettyLog } from '../../src/cli/dev/pretty-log.js';
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
    expect(shown(log => log.warn('summaries: late', { error: new Error('It is late.') }))).toEqual({
      level: 'warn',
      sentence: 'summaries: late: It is late.',
    });
    expect(shown(log => log.error('It is late.', { error: new Error('It is late.') }))?.sentence).toBe('It is late.');
    expect(shown(log => log.error('ended: It failed.', { error: new Error('It is late.') }))?.sentence).toBe(
      'ended: It failed: It is late.',
    );
    expect(shown(log => log.warn('no Error', { error: { _tag: 'X' } }))?.sentence).toBe('no Error');
  });

  test('that is none of its log is left as it is', () => {
    for (const text of ['plain', '{"time":', '{"time":1}', '{"time":1,"level":"loud","message":"x","component":"y"}', '[1]'])
      expect(logSentence(text)).toBeUndefined();
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
