import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { DevEvent } from '../../../src/cli/dev/dev-log.js';
import { MessageRing } from '../../../src/cli/page/message-ring.js';
import { PageModel } from '../../../src/cli/page/page-model.js';
import type { PageComponent } from '../../../src/cli/page/page-state.js';

const component: PageComponent = { name: 'a', profile: 'classic', configuration: '{}', policies: '{}', faults: [], isRecording: false };
const modelOf = (): PageModel => new PageModel(() => component);
const delivered = (topicName: string, text = 'x'): DevEvent => ({
  kind: 'delivered',
  topicName,
  payload: Buffer.from(text),
  components: ['a'],
});
const published = (topicName: string): DevEvent => ({
  kind: 'published',
  connection: 1,
  component: 'a',
  topicName,
  payload: Buffer.from('y'),
  qos: 1,
});

describe('the model of the page', () => {
  it('counts every message, and draws a few of each lane and update', () => {
    const model = modelOf();
    for (let i = 0; i < 10_000; i++) model.observe(delivered('busy'), 1_000);
    model.observe(delivered('quiet'), 1_000);
    const update = model.next();
    expect(update.totals.delivered).toBe(10_001);
    expect(update.lanes).toMatchObject([
      { topicName: 'busy', messages: 10_000, bytes: 10_000 },
      { topicName: 'quiet', messages: 1 },
    ]);
    expect(update.marks.filter(({ lane }) => lane === 0)).toHaveLength(4);
    expect(update.marks.filter(({ lane }) => lane === 1)).toHaveLength(1);
    model.observe(delivered('busy'), 1_001);
    expect(model.next()).toMatchObject({ lanes: [{ messages: 10_001 }], marks: [{ lane: 0 }] });
    expect(model.next()).toMatchObject({ lanes: [], marks: [], notes: [] });
  });

  it('draws many messages evenly over the time in which they came, and a burst as one', () => {
    const model = modelOf();
    for (let at = 0; at < 250; at++) model.observe(delivered('busy'), 1_000 + at);
    expect(model.next().marks.map(({ at }) => at - 1_000)).toEqual([0, 1, 2, 3, 33, 63, 93, 123, 153, 183, 213, 243]);
  });

  it('keeps the payloads of what it has drawn, however many have come since that it has not', () => {
    const model = modelOf();
    model.observe(delivered('rare', 'seen'), 1);
    const [mark] = model.next().marks;
    for (let i = 0; i < 100_000; i++) model.observe(delivered('busy'), 2);
    expect(model.message(mark?.id ?? -1)).toMatchObject({ topicName: 'rare', payload: 'seen' });
  });

  it('has a lane for a hundred topics, and one for all others', () => {
    const model = modelOf();
    for (let i = 0; i < 1_000; i++) model.observe(delivered(`t/${i}`), 1);
    const { lanes } = model.whole();
    expect(lanes).toHaveLength(101);
    expect(lanes.at(-1)).toMatchObject({ topicName: '(other topics)', messages: 900 });
  });

  it('keeps the payload of a message for as long as there is room, and says what it is', () => {
    const model = modelOf();
    const payloads = ['{"a":1}', 'text', '\u0001'];
    for (const payload of payloads) model.observe(delivered('t', payload), 7);
    const messages = model.next().marks.map(({ id }) => model.message(id));
    expect(messages).toMatchObject([
      { topicName: 't', at: 7, encoding: 'json', payload: '{"a":1}' },
      { encoding: 'utf8', payload: 'text' },
      { encoding: 'base64', payload: 'AQ==' },
    ]);
    expect(model.message(4_711)).toBeUndefined();
  });

  it('measures from the last message in to what goes out', () => {
    const model = modelOf();
    model.observe(published('out'), 5);
    expect(model.next().totals).toMatchObject({ delay: undefined, longestDelay: undefined });
    model.observe(delivered('in'), 10);
    model.observe(published('out'), 14);
    model.observe(published('out'), 16);
    expect(model.next().totals).toMatchObject({ delay: 5, longestDelay: 6 });
  });

  it('tells refusals with what would allow them, and what a component says, each made harmless and not too long', () => {
    const model = modelOf();
    const remedy = { line: "add 'out' to the resources", policy: undefined };
    const operation = 'aws.greengrass#PublishToIoTCore';
    const failed = {
      kind: 'failed',
      connection: 1,
      component: 'a',
      operation,
      code: 'UnauthorizedError',
      message: 'no',
      resource: 'out',
      remedy,
    } as const;
    model.observe(failed, 1);
    model.observe({ kind: 'output', component: 'a', stream: 'stdout', text: `\u001b[31m${'x'.repeat(5_000)}` }, 2);
    const { notes, totals } = model.next();
    expect(totals.failed).toBe(1);
    expect(notes[0]).toMatchObject({
      level: 'error',
      text: "PublishToIoTCore out: UnauthorizedError: no To allow it, add 'out' to the resources.",
    });
    expect(notes[1]?.text).toMatch(/^\\u001b\[31mx+…$/);
    expect(notes[1]?.text.length).toBeLessThan(1_100);
  });

  it('keeps bounded lists though nobody looks', () => {
    const model = modelOf();
    for (let i = 0; i < 20_000; i++) {
      model.observe(delivered('t'), i);
      model.observe({ kind: 'output', component: 'a', stream: 'stderr', text: String(i) }, i);
      if (i % 10 === 0) model.next();
    }
    const { marks, notes } = model.whole();
    expect(marks.length).toBeLessThanOrEqual(4_000);
    expect(notes.length).toBeLessThanOrEqual(400);
    expect(notes.at(-1)?.text).toBe('19999');
  });
});

describe('the latest messages', () => {
  it('are bounded in number and in bytes', () => {
    const ring = new MessageRing(3, 10);
    const message = (id: number, bytes: number) =>
      ({ id, bytes, lane: 0, at: id, topicName: 't', way: 'in', isLocal: false, payload: Buffer.alloc(bytes) }) as const;
    for (let id = 1; id <= 20; id++) ring.add(message(id, 1));
    expect(ring.since(0).map(({ id }) => id)).toEqual([18, 19, 20]);
    ring.add(message(21, 9));
    expect(ring.since(0).map(({ id }) => id)).toEqual([20, 21]);
    expect(ring.since(21).map(({ id }) => id)).toEqual([21]);
    expect(ring.get(18)).toBeUndefined();
  });

  it('let go of what gives way at once: a payload may be large', async () => {
    const ring = new MessageRing(100, 1_000);
    const gone = Array.from({ length: 20 }, (_, id) => {
      const payload = new Uint8Array(400);
      ring.add({ id, bytes: 400, lane: 0, at: id, topicName: 't', way: 'in', isLocal: false, payload });
      return new WeakRef(payload);
    });
    // A WeakRef holds its target until the current job is over.
    await setImmediate();
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    expect(gone.flatMap((each, id) => (each.deref() === undefined ? [] : [id]))).toEqual([18, 19]);
    expect(ring.since(0)).toHaveLength(2);
  });
});
