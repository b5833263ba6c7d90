import { spawn } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeWithSqlite } from '../../scripts/node-binary.js';
import { METERING } from '../kit/component/metering.js';
import { OTHER, start } from '../kit/nucleus/nuclei.js';
import { builtOnce } from '../kit/process/built.js';
import { follow, temporaryFolder } from '../kit/process/run-cli.js';

const metering = builtOnce({ 'metering.ts': METERING }, 'metering.ts');

test.each([
  { which: 'the Node of these tests', node: process.execPath, hasSqlite: isBuiltin('node:sqlite') },
  { which: 'a Node that has node:sqlite', node: nodeWithSqlite(), hasSqlite: true },
])('a built component with an outbox under $which: stores and forwards, or says that it needs a newer one', async ({ node, hasSqlite }) => {
  const { folder, code } = await metering();
  expect(code).toBe(0);
  await using nucleus = await start('classic');
  const work = temporaryFolder();
  const env = { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath, SVCUID: nucleus.authToken(OTHER) };
  const run = follow(spawn(node, [join(folder, 'artifact/metering.mjs')], { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  expect(await run.ended).toEqual({ code: hasSqlite ? 0 : 69, signal: null });
  expect(run.stderr().trim().split('\n').sort()).toEqual(
    hasSqlite ? ['forwarded 1', 'forwarded 2', 'outbox 1', 'outbox 2'] : ['OutboxUnavailable', 'needs-newer-node', 'needs-newer-node'],
  );
  expect(readdirSync(work).some(name => name.startsWith('outbox.sqlite'))).toBe(hasSqlite);
});
