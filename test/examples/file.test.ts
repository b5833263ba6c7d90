import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import fileUpload from '../../examples/file/component.js';
import { connect } from '../../src/client/connect.js';
import { InvalidRequest } from '../../src/errors/errors.js';
import { type Answer, fakeProxy } from '../kit/nucleus/fake-proxy.js';

const refused: Answer = {
  after: 0,
  error: new InvalidRequest('message', 'aws.greengrass#PublishToIoTCore', 'uploads/readings', 'nucleus', 'No such lines.'),
};

/** Uploads a file of 250 lines through a nucleus that answers each line so, and gives the lines it was sent. */
const upload = async (file: string, answerTo: (line: string) => Answer): Promise<readonly string[]> => {
  const { log, publish$, state$ } = fakeProxy(answerTo);
  const proxy = { ...connect(), publish$, state$ };
  await lastValueFrom(fileUpload.run(proxy, { file }).upload.pipe(toArray()));
  return log.map(({ payload }) => payload);
};

test('the upload of a file goes on at the first line that was not accepted, whatever was accepted after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ggrx-upload-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'lines');
  const lines = Array.from({ length: 250 }, (_, i) => `line ${i + 1}`);
  writeFileSync(file, `${lines.join('\n')}\n`);

  expect(await upload(file, line => (line === 'line 150' ? refused : 'at once'))).toEqual(lines);
  expect(readFileSync(`${file}.done`, 'utf8')).toBe('100');

  expect(await upload(file, () => 'at once')).toEqual(lines.slice(100));
  expect(await upload(file, () => 'at once')).toEqual(lines.slice(200));
  expect(existsSync(`${file}.done.new`)).toBe(false);
});
