import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recipeComponents } from '../../src/cli/dev/dev-component.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

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
