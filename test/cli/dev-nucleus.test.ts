import { expect, test } from 'vitest';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { recipeComponents, startDevNucleus } from '../../src/cli/dev/dev-nucleus.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

test.each(['.', '..', 'a/../..', '../outside'])('dev: the component name %j, which is no folder of its own, is refused', async name => {
  const component = { name, local: { name }, setenv: () => ({}), warnings: [] };
  await expect(startDevNucleus([component], { profile: 'classic' }, {})).rejects.toThrow(
    `The component name ${JSON.stringify(name)} cannot be the name of a folder.`,
  );
});

test.each([
  ['run', 'run: { Script: node main.js, Setenv: { STEP: run } }'],
  ['startup', 'startup: { Script: node main.js, Setenv: { STEP: startup } }'],
  ['startup', 'startup: { Script: node main.js, Setenv: { STEP: startup } }\n      run: { Script: node main.js, Setenv: { STEP: run } }'],
])('dev: a component whose process is the step %s gets the variables of that step', async (step, steps) => {
  const recipe = join(temporaryFolder(), 'recipe.yaml');
  writeFileSync(
    recipe,
    `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.A
ComponentVersion: 1.0.0
Manifests:
  - Platform: { os: '*', runtime: '*' }
    Lifecycle:
      Setenv: { STEP: any, OF_ALL: 'yes' }
      ${steps}
`,
  );
  const [component] = await recipeComponents([recipe], 'classic', { thingName: 'thing', region: 'us-east-1' });
  expect(component?.setenv('work')).toEqual({ STEP: step, OF_ALL: 'yes' });
});

test("dev: at the process' end, what still runs is ended before the folder goes that it writes into", async () => {
  const before = process.listeners('exit');
  await using dev = await startDevNucleus([], { profile: 'classic' }, { XDG_RUNTIME_DIR: temporaryFolder() });
  const folder = dirname(dev.nucleus.socketPath);
  const wasThere: boolean[] = [];
  dev.onProcessEnd(() => void wasThere.push(existsSync(folder)));
  for (const atExit of process.listeners('exit').filter(listener => !before.includes(listener))) atExit(0);
  expect([wasThere, existsSync(folder)]).toEqual([[true], false]);
});
