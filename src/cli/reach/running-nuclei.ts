import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import * as t from 'io-ts';
import { CliError } from '../cli-error.js';

/** A nucleus that `dev` runs, as other commands of the same user find it. */
export interface RunningNucleus {
  /** The process of `dev`. */
  readonly pid: number;
  readonly profile: 'classic' | 'lite';
  /** Where `dev` was started. */
  readonly directory: string;
  readonly socketPath: string;
  readonly mqttUrl: string;
  /** The token (`SVCUID`) of each component, {@link OBSERVER} among them. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** The component that `sub` and `pub` are, unless told otherwise: it may use every topic. */
export const OBSERVER = 'greengrass-rx';

/** Its components, that of the command first, without {@link OBSERVER}. */
export function componentsOf({ tokens }: RunningNucleus): readonly string[] {
  return Object.keys(tokens).filter(name => name !== OBSERVER);
}

const RunningNucleus: t.Type<RunningNucleus, unknown> = t.type({
  pid: t.number,
  profile: t.union([t.literal('classic'), t.literal('lite')]),
  directory: t.string,
  socketPath: t.string,
  mqttUrl: t.string,
  tokens: t.record(t.string, t.string),
});

/** Writes a nucleus down, in a file of mode 0600, until the result is called. */
export function writeDown(nucleus: RunningNucleus, env: NodeJS.ProcessEnv): () => void {
  const file = join(runtimeFolder(env), `${String(nucleus.pid)}.json`);
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(nucleus), { mode: 0o600, flag: 'wx' });
  return () => rmSync(file, { force: true });
}

/** The nuclei that run now. What a `dev` that was killed has left behind is removed. */
export function runningNuclei(env: NodeJS.ProcessEnv): readonly RunningNucleus[] {
  const folder = runtimeFolder(env);
  return readdirSync(folder)
    .filter(name => /^\d+\.json$/.test(name))
    .flatMap(name => {
      const file = join(folder, name);
      const nucleus = read(file);
      if (nucleus !== undefined && isAlive(nucleus.pid)) return [nucleus];
      rmSync(file, { force: true });
      return [];
    });
}

function read(file: string): RunningNucleus | undefined {
  try {
    const decoded = RunningNucleus.decode(JSON.parse(readFileSync(file, 'utf8')));
    return decoded._tag === 'Right' ? decoded.right : undefined;
  } catch {
    // Gone in the meantime, or not written to its end.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where running `dev` nuclei are written down, each in a file of its own that only this user can read: it holds their tokens.
 * `$XDG_RUNTIME_DIR/greengrass-rx`, or `greengrass-rx-<user id>` among the temporary files. Anyone can make a folder of that name
 * there first, so one that others could read or that is another user's is refused.
 */
function runtimeFolder(env: NodeJS.ProcessEnv): string {
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
