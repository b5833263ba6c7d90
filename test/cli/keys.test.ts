import { describe, expect, it } from 'vitest';
import { Keys } from '../../src/cli/dev/keys.js';

/** What keys had done, in order. */
function typing(text: readonly string[], { page = true } = {}) {
  const done: string[] = [];
  let shown = '';
  const keys = new Keys({
    restart: () => done.push('restart'),
    fault: fault => done.push(`fault ${fault}`),
    publish: (topic, payload) => done.push(`publish ${topic} <${payload}>`),
    openPage: page ? () => done.push('page') : undefined,
    quit: () => done.push('quit'),
    interrupt: () => done.push('interrupt'),
    say: said => done.push(`say ${said.slice(0, 30)}`),
    show: typed => (shown = typed),
  });
  for (const each of text) keys.take(each);
  return { done, shown };
}

describe('keys of dev', () => {
  it('do one thing each, and what is none does nothing', () => {
    expect(typing(['r', 'o', 'x', '\u001b[A', '\u001b', 'q', '\u0003']).done).toEqual(['restart', 'page', 'quit', 'interrupt']);
    expect(typing(['o'], { page: false }).done).toEqual([]);
  });

  it('ask for a fault, which Tab completes, and a word that is none is told', () => {
    expect(typing(['f', 'offl', '\t', '\r']).done).toEqual(['fault offline']);
    expect(typing(['f', 'drop b', '\t']).shown).toBe('fault (Tab completes): drop before ');
    expect(typing(['f', 'drop c', '\t', '\r']).done).toEqual(['fault drop connection']);
    expect(typing(['f', 'qqq', '\r', 'r']).done).toEqual(['say there is no fault "qqq": they ', 'restart']);
  });

  it('ask for a topic and a payload, which may have spaces; what is typed can be taken back', () => {
    expect(typing(['p', 'a/b {"x": 1}', '\r']).done).toEqual(['publish a/b <{"x": 1}>']);
    expect(typing(['p', 'a/b', '\r']).done).toEqual(['publish a/b <>']);
    expect(typing(['p', 'a/bcX', '\u007f', '\u007f', ' 1\r']).done).toEqual(['publish a/b <1>']);
    expect(typing(['p', 'rqo']).done).toEqual([]);
  });

  it('end a question with Escape, an empty line or Ctrl-C, and show nothing then', () => {
    for (const end of ['\u001b', '\r', '\u0003']) {
      const { done, shown } = typing(['p', ...(end === '\r' ? [] : ['a/b']), end, 'r']);
      expect(done.filter(one => one !== 'interrupt')).toEqual(['restart']);
      expect(shown).toBe('');
    }
  });
});
