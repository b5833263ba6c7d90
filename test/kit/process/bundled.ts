import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const source = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url));
const ENTRIES = ['component', 'operators', 'outbox'];

/** Bundles a program that uses this library into one file in a folder of its own, as a component on a device is. Gives its path. */
export const bundled = async (folder: string, program: string, minify: boolean): Promise<string> => {
  const input = join(folder, 'main.ts');
  const file = join(folder, 'main.mjs');
  writeFileSync(input, program);
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: ['aws-crt'],
    logLevel: 'silent',
    resolve: {
      alias: {
        ...Object.fromEntries(ENTRIES.map(entry => [`greengrass-rx/${entry}`, source(`${entry}/index.ts`)])),
        'greengrass-rx$': source('index.ts'),
        rxjs$: fileURLToPath(import.meta.resolve('rxjs')),
      },
    },
  });
  await bundle.write({ file, format: 'esm', minify, codeSplitting: false });
  await bundle.close();
  return file;
};
