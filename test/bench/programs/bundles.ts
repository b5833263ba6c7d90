import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** A program as `greengrass-rx build` makes it: all in one minified file, with nothing beside it. */
export async function bundled(program: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'bench-bundle-')), `${program}.mjs`);
  const bundle = await rolldown({
    input: fileURLToPath(new URL(`${program}.js`, import.meta.url)),
    platform: 'node',
    external: ['aws-crt'],
    resolve: { conditionNames: ['module', 'node'] },
    transform: { target: 'node20.19' },
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  return file;
}
