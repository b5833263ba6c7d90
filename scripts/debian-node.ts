import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

function run(command: string, ...args: string[]): string {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} failed.`);
  return stdout;
}

function mirrorOfDebian(): string {
  const [mirror] = run('apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Label: Debian').split('\n');
  if (mirror === undefined || mirror === '') throw new Error('apt has no packages of Debian here, or not yet: apt-get update');
  return mirror;
}

/**
 * Debian's Node for 32-bit ARM, with all that it needs, fetched and unpacked in node_modules/.cache when it is not there yet. Nothing is
 * installed, and the packages that this machine's apt knows stay as they are.
 *
 * @param suite of Debian, such as `trixie`. It comes from the mirror that this machine, itself of Debian, has its packages from.
 * @returns the folder that is the root of that system.
 */
export function debianNode(suite: string): string {
  const folder = join(process.cwd(), 'node_modules/.cache/debian', `${suite}-armhf`);
  if (existsSync(folder)) return folder;
  mkdirSync(join(folder, '..'), { recursive: true });
  const fetched = mkdtempSync(`${folder}-`);
  const sources = join(fetched, 'sources.list');
  const lists = join(fetched, 'lists');
  const archives = join(fetched, 'archives');
  const root = join(fetched, 'root');
  for (const made of [join(lists, 'partial'), join(archives, 'partial'), root]) mkdirSync(made, { recursive: true });
  writeFileSync(sources, `deb [arch=armhf signed-by=${KEYS}] ${mirrorOfDebian()} ${suite} main\n`);
  const options = {
    'APT::Architecture': 'armhf',
    'APT::Architectures': 'armhf',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': lists,
    // As if nothing were installed: what Node needs is fetched too.
    'Dir::State::status': '/dev/null',
    'Dir::Cache::archives': archives,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
  };
  const apt = (...args: string[]): string =>
    run('apt-get', ...Object.entries(options).flatMap(([k, v]) => ['-o', `${k}=${v}`]), '-qq', ...args);
  try {
    apt('update');
    apt('--yes', '--no-install-recommends', '--download-only', '-o', 'Debug::NoLocking=1', 'install', 'nodejs');
    for (const name of readdirSync(archives).filter(file => file.endsWith('.deb'))) run('dpkg-deb', '-x', join(archives, name), root);
    // The loader of the programs is named below /lib, which the package base-files makes this link.
    if (!existsSync(join(root, 'lib'))) symlinkSync('usr/lib', join(root, 'lib'));
    renameSync(root, folder);
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
  return folder;
}
