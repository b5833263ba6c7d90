import { describe, expect, test } from 'vitest';
import { logSentence } from '../../src/cli/dev/log-line.js';
import { SubscribedFilters } from '../../src/cli/dev/subscribed-filters.js';
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
    expect(shown(log => log.warn('no Error', { error: { _tag: 'X' } }))?.sentence).toBe('no Error');
  });

  test('that is none of its log is left as it is', () => {
    for (const text of ['plain', '{"time":', '{"time":1}', '{"time":1,"level":"loud","message":"x","component":"y"}', '[1]'])
      expect(logSentence(text)).toBeUndefined();
  });
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
