import { expect, test } from 'vitest';
import { startDevNucleus } from '../../src/cli/dev/dev-nucleus.js';

test.each(['.', '..', 'a/../..', '../outside'])('dev: the component name %j, which is no folder of its own, is refused', async name => {
  const component = { name, local: { name }, setenv: () => ({}), warnings: [] };
  await expect(startDevNucleus([component], { profile: 'classic' }, {})).rejects.toThrow(
    `The component name ${JSON.stringify(name)} cannot be the name of a folder.`,
  );
});
