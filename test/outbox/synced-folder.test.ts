import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { MarkFs } from '../../src/outbox/sqlite/mark-file.js';
import { syncedFolder } from '../../src/outbox/sqlite/sqlite-store.js';
import { InProcess } from './in-process.js';
import { ownFolder } from './stores.js';

it('the folder of a file is synced with it, but not on Windows, where no folder can be', () => {
  expect(syncedFolder('/greengrass/v2/work/com.example.Meter/outbox.sqlite', 'linux')).toBe('/greengrass/v2/work/com.example.Meter');
  expect(syncedFolder('/outbox.sqlite', 'linux')).toBe('/');
  expect(syncedFolder('C:\\greengrass\\v2\\work\\com.example.Meter\\outbox.sqlite', 'win32')).toBeUndefined();
});

it('an outbox is opened, and mended where it is damaged, without any folder being opened', async () => {
  const folder = ownFolder();
  const path = join(folder, 'outbox.sqlite');
  const opened: unknown[] = [];
  const files: MarkFs = {
    ...fs,
    openSync: (file, ...mode) => {
      opened.push(file);
      return fs.openSync(file, ...mode);
    },
  };
  const begin = async (epoch: string): Promise<{ readonly outbox: InProcess; readonly movedTo: string | undefined }> => {
    const outbox = new InProcess(path, { syncedFolder: undefined }, { fs: files });
    const { movedTo } = await outbox.open(epoch);
    return { outbox, movedTo };
  };
  const first = await begin('first');
  await first.outbox.put(['one', 'two']);
  await first.outbox.close();
  fs.writeFileSync(path, Buffer.alloc(4096, 'x'));
  const second = await begin('second');
  expect(second.movedTo).toBe(`${path}.damaged`);
  await second.outbox.close();
  expect(opened.length).toBeGreaterThan(0);
  expect(opened).not.toContain(folder);
});
