import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const FOLDER = 'test/chaos/';

/** Every test that docs/reliability.md names, as `file › name`. */
async function named(): Promise<readonly string[]> {
  const document = await readFile(new URL('docs/reliability.md', ROOT), 'utf8');
  return [...document.matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\)/g)].map(([, name = '', file = '']) => `${file} › ${name}`);
}

/** Every test of this folder but this one. */
async function existing(): Promise<readonly string[]> {
  const files = (await readdir(new URL(FOLDER, ROOT))).filter(file => file.endsWith('.test.ts') && !import.meta.url.endsWith(file));
  const tests = files.map(async file => {
    const source = await readFile(new URL(FOLDER + file, ROOT), 'utf8');
    return [...source.matchAll(/\bit(?:\.\w+\(.*\))?\('([^']+)'/g)].map(([, name = '']) => `${FOLDER}${file} › ${name}`);
  });
  return (await Promise.all(tests)).flat();
}

describe('the table of faults in docs/reliability.md', () => {
  it('names every test of the chaos suite, each once, and none that does not exist', async () => {
    expect((await existing()).length).toBeGreaterThan(40);
    expect([...(await named())].sort()).toEqual([...(await existing())].sort());
  });
});
