import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const CHAOS = 'test/chaos/';
const INTEROP = 'test/interop/';
/** What the official SDKs are tested with on the services of the nucleus. */
const SERVICES = `${INTEROP}official-sdk-services.test.ts`;

interface Named {
  readonly file: string;
  readonly name: string;
}

/** Every test that docs/reliability.md names by its whole title. */
async function named(): Promise<readonly Named[]> {
  const document = await readFile(new URL('docs/reliability.md', ROOT), 'utf8');
  return [...document.matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\)/g)].map(([, name = '', file = '']) => ({ file, name }));
}

/** The tests of a file, by their titles as they are written: `on %s`. */
async function testsOf(file: string): Promise<readonly Named[]> {
  const source = await readFile(new URL(file, ROOT), 'utf8');
  return [...source.matchAll(/\b(?:it|test)(?:\.\w+\(.*\))?\(\s*(['"])(.+?)\1/g)].map(([, , name = '']) => ({ file, name }));
}

/** Every test of the chaos suite but this one. */
async function chaos(): Promise<readonly Named[]> {
  const files = (await readdir(new URL(CHAOS, ROOT))).filter(file => file.endsWith('.test.ts') && !import.meta.url.endsWith(file));
  return (await Promise.all(files.map(file => testsOf(CHAOS + file)))).flat();
}

const inOrder = (tests: readonly Named[]): readonly string[] => tests.map(({ file, name }) => `${file} › ${name}`).sort();

describe('the tables in docs/reliability.md', () => {
  it('name every test of the chaos suite, each once, and none that does not exist', async () => {
    const existing = await chaos();
    expect(existing.length).toBeGreaterThan(40);
    expect(inOrder((await named()).filter(({ file }) => !file.startsWith(INTEROP)))).toEqual(inOrder(existing));
  });

  it('name every test of the official SDK on the services, and of the SDKs none that does not exist, each once', async () => {
    const shown = (await named()).filter(({ file }) => file.startsWith(INTEROP));
    const existing = (await Promise.all([...new Set(shown.map(({ file }) => file))].map(testsOf))).flat();
    expect(inOrder(existing)).toEqual(expect.arrayContaining([...inOrder(shown)]));
    expect(new Set(inOrder(shown)).size).toBe(shown.length);
    const services = await testsOf(SERVICES);
    expect(services.length).toBeGreaterThan(1);
    expect(inOrder(shown)).toEqual(expect.arrayContaining([...inOrder(services)]));
  });
});
