import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { METERING_PROGRAM } from '../kit/component/metering.js';
import { OTHER, start } from '../kit/nucleus/nuclei.js';
import { bundled } from '../kit/process/bundled.js';
import { ownFolder } from './stores.js';

describe('a component that is bundled into one file', () => {
  it.each([false, true])('has the worker of its outbox in it (minified: %s)', async minify => {
    const nucleus = await start('classic');
    onTestFinished(() => nucleus.stop());
    const file = await bundled(ownFolder(), METERING_PROGRAM, minify);
    // Where there is nothing of this package.
    const cwd = ownFolder();
    const env = { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath, SVCUID: nucleus.authToken(OTHER) };
    const run = async (): Promise<string[]> =>
      (await promisify(execFile)(process.execPath, [file], { cwd, env })).stderr.trim().split('\n');
    expect((await run()).sort()).toEqual(['done', 'forwarded 1', 'forwarded 2', 'outbox 1', 'outbox 2']);
    expect((await run()).sort()).toEqual(['done', 'forwarded 3', 'forwarded 4', 'outbox 3', 'outbox 4']);
    expect(readdirSync(cwd).sort()).toEqual(['outbox.sqlite', 'outbox.sqlite-mark']);
  });
});
