import { execFile } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { METERING } from '../kit/component/metering.js';
import { OTHER, start } from '../kit/nucleus/nuclei.js';
import { bundled } from '../kit/process/bundled.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

test('a bundled component with an outbox starts with any Node, and says where it has no node:sqlite', async () => {
  await using nucleus = await start('classic');
  const file = await bundled(temporaryFolder(), METERING, true);
  const cwd = temporaryFolder();
  const env = { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath, SVCUID: nucleus.authToken(OTHER) };
  const { stderr } = await promisify(execFile)(process.execPath, [file], { cwd, env });
  const hasSqlite = isBuiltin('node:sqlite');
  expect(stderr.trim().split('\n').sort()).toEqual(
    hasSqlite
      ? ['done', 'forwarded 1', 'forwarded 2', 'outbox 1', 'outbox 2']
      : ['OutboxUnavailable', 'failed-for-good', 'needs-newer-node', 'needs-newer-node'],
  );
  if (!hasSqlite) expect(readdirSync(cwd)).toEqual([]);
});
