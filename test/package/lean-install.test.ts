import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../kit/process/run-cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const { dependencies, peerDependencies, peerDependenciesMeta, optionalDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Manifest;

/**
 * A folder in which this package is installed as `npm install --omit=optional` does: with its dependencies, its peers, and nothing else.
 */
function leanInstall(): string {
  const folder = temporaryFolder();
  const own = join(folder, 'node_modules/greengrass-rx');
  // By hand: what `cpSync` reads folders with counts as open until it is collected.
  for (const entry of readdirSync(join(ROOT, 'dist'), { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(own, relative(ROOT, from));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
  copyFileSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  const peers = Object.keys(peerDependencies).filter(name => peerDependenciesMeta[name]?.optional !== true);
  for (const name of [...Object.keys(dependencies), ...peers]) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), place);
  }
  return folder;
}

const said = (
  cwd: string,
  ...args: readonly string[]
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code?: number }> =>
  promisify(execFile)(process.execPath, args, { cwd, env: { PATH: process.env['PATH'], XDG_RUNTIME_DIR: cwd } }).catch(
    (error: unknown) => error as { readonly stdout: string; readonly stderr: string; readonly code: number },
  );

describe('installed without optional dependencies, as on a device', () => {
  test('a component starts, works and ends', async () => {
    const folder = leanInstall();
    copyFileSync(join(ROOT, 'test/package/on-a-device.mjs'), join(folder, 'on-a-device.mjs'));
    expect(await said(folder, 'on-a-device.mjs', join(ROOT, 'dist/local/index.js'))).toEqual({ stdout: '', stderr: '' });
  });

  test('the commands for a device run, and others say what they lack', async () => {
    const folder = leanInstall();
    const main = join(folder, 'node_modules/greengrass-rx/dist/cli/main.js');
    for (const command of [['sub', 'a'], ['pub', 'a', 'b'], ['config', 'get', '/config'], ['doctor']]) {
      const { stdout, stderr } = await said(folder, main, ...command);
      expect(stdout + stderr).toContain('no nucleus to talk to');
    }
    expect((await said(folder, main, 'run', 'absent.js')).stderr).toContain('There is no module absent.js');
    expect(await said(folder, main, 'dev')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^greengrass-rx: This needs the package \w+, which is not installed here\.\n {2}greengrass-rx was installed without its optional dep[^\n]*\n$/,
      ) as string,
    });
  });

  test('a security patch of a dependency needs no release of this package', () => {
    for (const range of Object.values({ ...dependencies, ...optionalDependencies })) expect(range).toMatch(/^\^\d/);
  });
});
