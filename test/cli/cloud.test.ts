import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { inProcess } from '../kit/process/cli-in-process.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

const EDGE = fileURLToPath(new URL('components/edge-aggregator.mjs', import.meta.url));
const SILENT = fileURLToPath(new URL('components/follower.mjs', import.meta.url));

const done = (...args: readonly string[]) => inProcess(['cloud', ...args]);

describe('cloud', () => {
  test('writes the files, is content with them, and fails with the difference when they no longer fit the code', async () => {
    const folder = join(temporaryFolder(), 'cloud');
    const written = await done(EDGE, '--out', folder);
    expect(written).toMatchObject({ code: 0, stdout: '' });
    expect(written.stderr).toContain(`wrote ${join(folder, 'template.yaml')}`);
    expect(readdirSync(folder)).toContain('telemetry_mean.sql');
    expect(await done(EDGE, '--check', folder)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`${folder} fits`) as string,
    });
    const file = join(folder, 'telemetry_mean.sql');
    writeFileSync(file, readFileSync(file, 'utf8').replace("INTERVAL '1' MINUTE", "INTERVAL '1' HOUR"));
    const { code, stdout, stderr } = await done(EDGE, '--check', folder);
    expect(code).toBe(1);
    expect(stdout).toBe('~ telemetry_mean.sql: CREATE VIEW `telemetry_mean_per_minute` differs\n');
    expect(stderr).toContain(`Write it anew: greengrass-rx cloud ${EDGE} --out ${folder}`);
  });

  test('says what to do where no stage says where it publishes', async () => {
    const { code, stderr } = await done(SILENT, '--out', join(temporaryFolder(), 'cloud'));
    expect(code).toBe(1);
    expect(stderr).toContain('No stage of');
    expect(stderr).toContain('Declare it: publishTo(…, { topics, payload })');
  });
});
