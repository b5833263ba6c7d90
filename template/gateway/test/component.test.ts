import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeBranches } from 'greengrass-rx/component';
import { forwardFrom } from 'greengrass-rx/outbox';
import { having, marbles } from 'greengrass-rx/testing';
import { expect, test } from 'vitest';
import { stored } from '../src/component.js';
import { Inbox } from '../src/inbox.js';

const line = (file: string, text: string, isLast = false) => ({ file, text, isLast });

test('sends each line, also through a broken connection, and is done with a file when its last line is stored', () => {
  const done: string[] = [];
  const files = { done: (file: string) => void done.push(file), again: (file: string) => void done.push(`again ${file}`) };
  const lines = [line('a', '{"n":1}'), line('a', '{"n":2}', true), line('b', '{"n":3}', true)];

  marbles(({ nucleus, run, context, expectPublished }) => {
    const outbox = context().openOutbox({ topics: ['gateway/lines'], mark: 'wrap' });
    nucleus.faults('x 2s |', { x: 'drop connection' });
    run(mergeBranches({ stored: stored(lines, outbox, files), forwarded: forwardFrom(outbox, nucleus.proxy) }));

    expectPublished('gateway/lines').toBeMarble('-(abc) 1995ms |', {
      a: having({ number: 1, payload: { n: 1 } }),
      b: having({ number: 2, payload: { n: 2 } }),
      c: having({ number: 3, payload: { n: 3 } }),
    });
  })();
  expect(done).toEqual(['a', 'b']);
});

test('reads a file again of which not every line could be stored', () => {
  const done: string[] = [];
  const files = { done: (file: string) => void done.push(file), again: (file: string) => void done.push(`again ${file}`) };

  marbles(({ nucleus, run, context, expectStage }) => {
    const outbox = context().openOutbox({ topics: ['gateway/lines'], mark: 'wrap' });
    nucleus.faults('x|', { x: 'disk full' });
    run(stored([line('a', 'one'), line('a', 'two', true)], outbox, files));
    expectStage('lines', { received: 2, failed: 2 });
  })();
  expect(done).toEqual(['again a']);
});

test('reads what is put into the folder, a line at a time, and puts it aside', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbox-'));
  await writeFile(join(folder, 'a.ndjson'), 'one\ntwo\n');
  await writeFile(join(folder, 'b.part'), 'not yet there');
  const inbox = new Inbox(folder);
  const lines = inbox.lines(new AbortController().signal, () => true);
  expect((await lines.next()).value).toEqual(line('a.ndjson', 'one'));
  expect((await lines.next()).value).toEqual(line('a.ndjson', 'two', true));
  inbox.done('a.ndjson');
  expect(await readdir(join(folder, 'done'))).toEqual(['a.ndjson']);
  await lines.return(undefined);
  await rm(folder, { recursive: true });
});
