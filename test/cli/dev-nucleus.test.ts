import { expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { startDevNucleus } from '../../src/cli/dev/dev-nucleus.js';
import { folderOfSocket } from '../../src/local/server/ipc-server.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

test.each(['.', '..', 'a/../..', '../outside'])('dev: the component name %j, which is no folder of its own, is refused', async name => {
  const component = { name, local: { name }, setenv: () => ({}), warnings: [] };
  await expect(startDevNucleus([component], { profile: 'classic' }, {})).rejects.toThrow(
    `The component name ${JSON.stringify(name)} cannot be the name of a folder.`,
  );
});

test("dev: at the process' end, what still runs is ended before the folder goes that it writes into", async () => {
  const before = process.listeners('exit');
  await using dev = await startDevNucleus([], { profile: 'classic' }, { XDG_RUNTIME_DIR: temporaryFolder() });
  const folder = folderOfSocket(dev.nucleus.socketPath);
  const wasThere: boolean[] = [];
  dev.onProcessEnd(() => void wasThere.push(existsSync(folder)));
  for (const atExit of process.listeners('exit').filter(listener => !before.includes(listener))) atExit(0);
  expect([wasThere, existsSync(folder)]).toEqual([[true], false]);
});
