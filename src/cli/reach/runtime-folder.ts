import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../cli-error.js';

/**
 * Where running `dev` nuclei are written down, each in a file of its own that only this user can read: it holds their tokens.
 * `$XDG_RUNTIME_DIR/greengrass-rx`, or `greengrass-rx-<user id>` among the temporary files. Anyone can make a folder of that name
 * there first, so one that others could read or that is another user's is refused.
 */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const { uid } = userInfo();
  const { XDG_RUNTIME_DIR: runtime } = env;
  const folder = runtime !== undefined && runtime !== '' ? join(runtime, 'greengrass-rx') : join(tmpdir(), `greengrass-rx-${String(uid)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0) return folder;
  throw new CliError(`The folder ${folder}, where running nuclei are written down with their tokens, is not this user's alone.`, {
    remedies: [`Remove it, or set XDG_RUNTIME_DIR to a folder that is yours.`],
  });
}
