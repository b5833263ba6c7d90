import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { readingFor, WRITING } from '../../../src/cli/artifact/bundle.js';

/** A program as `greengrass-rx build` makes it: all in one minified file, with nothing beside it. */
export async function bundled(program: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'bench-bundle-')), `${program}.mjs`);
  const bundle = await rolldown({ ...readingFor(['aws-crt']), input: fileURLToPath(new URL(`${program}.js`, import.meta.url)) });
  await bundle.write({ ...WRITING, file });
  await bundle.close();
  return file;
}
