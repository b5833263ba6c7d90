import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, cpus, release, totalmem, type } from 'node:os';

const PACKAGES = ['aws-iot-device-sdk-v2', 'aws-crt', 'rxjs', 'fp-ts', 'io-ts'];

/** What it was measured on and with, in a sentence; no names of machines or files. */
export async function machine(root: URL, now: Date): Promise<string> {
  const require = createRequire(new URL('package.json', root));
  const version = async (file: string | URL): Promise<string> =>
    (JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }).version;
  const versions = await Promise.all(PACKAGES.map(async name => `${name} ${await version(require.resolve(`${name}/package.json`))}`));
  const [first] = cpus();
  const model = first?.model.trim() ?? 'unknown processor';
  const hardware = `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()} ${arch()}`;
  const own = `greengrass-rx ${await version(new URL('package.json', root))}`;
  return `Measured ${now.toISOString().slice(0, 10)} on ${hardware}; Node ${process.versions.node}, ${[own, ...versions].join(', ')}.`;
}
