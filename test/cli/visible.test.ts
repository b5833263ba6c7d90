import { PassThrough, Readable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, test } from 'vitest';
import { CliError } from '../../src/cli/cli-error.js';
import type { DevEvent } from '../../src/cli/dev/dev-log.js';
import { prettyLog } from '../../src/cli/dev/pretty-log.js';
import { Output } from '../../src/cli/output.js';
import { reportFailure } from '../../src/cli/program.js';
import { printer } from '../../src/cli/messages/run-sub.js';
import { jsonLog } from '../../src/component/log.js';
import { visible, visibleColoured } from '../../src/shared/visible.js';

/** Sets a title, moves the cursor (with both sets of controls), turns the direction, hides, and forges a line of the log. */
const HOSTILE = 'x\u001b]0;title\u0007\u009b2A\u202e\u2067\u200f\u061c\u2028\u001b[8my\r\n00:00:00.000 dev forged';

/** A terminal, and what it was given. */
function terminal(isTTY = true): { readonly out: Output; readonly written: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const out = new Output(Object.assign(stream, { isTTY, columns: 200 }) as unknown as WriteStream);
  return { out, written: () => Buffer.concat(chunks).toString() };
}

// eslint-disable-next-line no-control-regex -- these are the ones meant
const COLOUR = /\u001b\[[\d;]*m/g;

/** What a terminal would obey, but for line feeds and colours. */
const obeyed = (text: string): readonly string[] => text.replace(COLOUR, '').match(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu) ?? [];

const bytes = (text: string): Uint8Array => Buffer.from(text);
const names = { connection: 1, component: HOSTILE } as const;
const EVENTS: readonly DevEvent[] = [
  { kind: 'listening', profile: 'classic', socketPath: HOSTILE, mqttUrl: HOSTILE, components: [HOSTILE] },
  { kind: 'connected', ...names },
  { kind: 'subscribed', ...names, streamId: 1, filter: HOSTILE },
  { kind: 'published', ...names, topicName: HOSTILE, qos: 0, payload: bytes(HOSTILE) },
  { kind: 'published', ...names, topicName: 't', qos: 1, payload: bytes(`{\n"a":\t"\u009b2A\u202e\u2028"}`) },
  { kind: 'delivered', components: ['a', HOSTILE, 'b\u009b2A\u202e'], topicName: HOSTILE, payload: bytes(HOSTILE) },
  { kind: 'started', component: HOSTILE, pid: 1, command: [HOSTILE] },
  { kind: 'output', component: HOSTILE, stream: 'stdout', text: HOSTILE.replace('\n', '') },
  { kind: 'output', component: 'a', stream: 'stdout', text: JSON.stringify({ time: 1, level: 'info', message: HOSTILE, component: 'a' }) },
  { kind: 'exited', component: HOSTILE, end: { failure: 'not-found', reason: HOSTILE } },
  { kind: 'changed', path: HOSTILE },
  { kind: 'killed', component: HOSTILE, reason: HOSTILE },
  { kind: 'cloud', topicName: HOSTILE, heard: false },
  { kind: 'fault', fault: HOSTILE },
  { kind: 'warning', component: undefined, text: HOSTILE },
  { kind: 'environment', component: HOSTILE, variables: { A: HOSTILE } },
];

describe('nothing from outside reaches a terminal as more than text', () => {
  test.each(EVENTS.map(event => [event.kind, event] as const))('in the log of dev: %s', (_kind, event) => {
    const { out, written } = terminal();
    const rendered = prettyLog(out, ['a'])(event) ?? '';
    out.line(rendered);
    // By itself, and not only since the terminal's end catches what is forgotten.
    expect(obeyed(rendered)).toEqual([]);
    expect(obeyed(written())).toEqual([]);
    expect(written()).not.toMatch(/^00:00:00\.000 dev forged/m);
  });

  test.each(['pretty', 'json', 'payload'] as const)('in sub, %s', format => {
    const { out, written } = terminal();
    printer(out, format)({ topicName: HOSTILE, payload: Buffer.from(HOSTILE), qos: '0' } as never);
    printer(out, format)({ topicName: 't', payload: Buffer.from('{"a":"\u009b2A\u202e"}'), qos: '0' } as never);
    expect(obeyed(written())).toEqual([]);
    if (format !== 'payload') expect(written()).not.toMatch(/^00:00:00\.000 dev forged/m);
    expect(written()).toContain('\\u009b2A\\u202e');
  });

  test('in the sentence of a failure, its remedies and the stack of a defect', () => {
    const { out, written } = terminal();
    const cli = { in: Readable.from([]), out, err: out, env: {}, exitCode: 0 };
    reportFailure(cli, new CliError(HOSTILE, { remedies: [HOSTILE] }));
    reportFailure(cli, new Error(HOSTILE));
    reportFailure(cli, HOSTILE);
    expect(obeyed(written())).toEqual([]);
    expect(written().match(/^00:00:00\.000 dev forged/gm) ?? []).toHaveLength(0);
  });

  test('in the log of a component, which stays the same JSON', () => {
    let line = '';
    jsonLog(text => (line += text)).info(HOSTILE, { topic: HOSTILE });
    expect(obeyed(line)).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ message: HOSTILE, topic: HOSTILE });
  });
});

test('in a pipe a payload has the bytes it came with', () => {
  const { out, written } = terminal(false);
  printer(out, 'payload')({ topicName: 't', payload: Buffer.from(HOSTILE), qos: '0' } as never);
  expect(written()).toBe(`${HOSTILE}\n`);
});

test('the colours of a component stay, and end with its line', () => {
  expect(visibleColoured('\u001b[31mred\u001b[2J\tx')).toBe('\u001b[31mred\\u001b[2J\tx\u001b[0m');
  expect(visibleColoured('plain')).toBe('plain');
});

test('what is shown inside a text of JSON is the same text', () => {
  expect(JSON.parse(visible(JSON.stringify(HOSTILE)))).toBe(HOSTILE);
});

test('an emoji of several characters and right-to-left text are left whole', () => {
  expect(visible('👩‍🔧 שלום é')).toBe('👩‍🔧 שלום é');
});
