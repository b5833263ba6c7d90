import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import * as t from 'io-ts';
import { isUnreached } from '../../client/failures.js';
import type { ConnectError, PublishError, SubscribeError } from '../../errors/errors.js';
import type { Profile } from '../../shared/profile.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import { parseCount, readJson } from '../cli.js';

/** Which nucleus a command talks to, and as whom. */
export interface ReachOptions {
  /** The process id of a `dev`. */
  readonly nucleus?: number | undefined;
  /** A component of that nucleus. */
  readonly as?: string | undefined;
  readonly transport?: 'socket' | 'crt' | undefined;
}

/** Where the nucleus is, and the token to show there. */
export interface Address {
  readonly socketPath: string;
  readonly authToken: string;
  /** For people: `com.example.Sensor at the lite nucleus of dev (pid 42)`. */
  readonly description: string;
  /** Of a `dev`: the first of its components. */
  readonly firstComponent?: string | undefined;
}

const SOCKET = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT';

export function addReachOptions(command: Command): Command {
  return command
    .addOption(new Option('--nucleus <pid>', 'the dev nucleus to talk to, where several run').argParser(parseCount))
    .option('--as <component>', 'be this component of the dev nucleus, under its policies', undefined)
    .addOption(new Option('--transport <name>', 'how to talk to the nucleus').choices(['socket', 'crt']));
}

/**
 * Finds the nucleus: the one of the environment, as a component on a device has it; or one that `dev` runs.
 */
export function findNucleus(options: ReachOptions, env: NodeJS.ProcessEnv): Address {
  const { [SOCKET]: socketPath, SVCUID: authToken } = env;
  const isChosen = options.nucleus !== undefined || options.as !== undefined;
  if (!isChosen && socketPath !== undefined && authToken !== undefined)
    return { socketPath, authToken, description: `the component of the environment at ${socketPath}` };
  const nucleus = choose(options.nucleus, runningNuclei(env), process.cwd());
  const component = options.as ?? OBSERVER;
  const token = nucleus.tokens[component];
  if (token === undefined) {
    const names = componentsOf(nucleus);
    throw new UsageError(
      `The nucleus of dev (pid ${nucleus.pid}) has no component ${JSON.stringify(component)}.`,
      names.length === 0 ? 'It has none: leave --as out.' : `It has ${names.join(', ')}.`,
    );
  }
  return {
    socketPath: nucleus.socketPath,
    authToken: token,
    firstComponent: componentsOf(nucleus)[0],
    description: `${component} at the ${nucleus.profile} nucleus of dev (pid ${nucleus.pid})`,
  };
}

/** The `dev` that is meant: the one with this process id, or the only one that runs, or the only one that was started here. */
export function findDev(pid: number | undefined, env: NodeJS.ProcessEnv): RunningNucleus {
  return choose(pid, runningNuclei(env), process.cwd());
}

function choose(pid: number | undefined, running: readonly RunningNucleus[], directory: string): RunningNucleus {
  const list = running.map(({ pid, profile, directory }) => `  --nucleus ${pid}   ${profile}, started in ${directory}`);
  if (pid !== undefined) {
    const chosen = running.find(nucleus => nucleus.pid === pid);
    if (chosen !== undefined) return chosen;
    throw new CliError(`No dev nucleus has the process id ${pid}.`, {
      exitCode: EXIT.UNREACHABLE,
      remedies: list.length === 0 ? ['None runs: start one with greengrass-rx dev.'] : ['Those that run:', ...list],
    });
  }
  const [first, ...others] = running;
  if (first === undefined) {
    throw new CliError('There is no nucleus to talk to.', {
      exitCode: EXIT.UNREACHABLE,
      remedies: [
        'Start one with greengrass-rx dev in another terminal,',
        `or run this as a component, with SVCUID and ${SOCKET} in its environment.`,
      ],
    });
  }
  if (others.length === 0) return first;
  const here = running.filter(nucleus => nucleus.directory === directory);
  const [only, ...more] = here;
  if (only !== undefined && more.length === 0) return only;
  throw new UsageError(`${running.length} dev nuclei run, and which of them is meant is not clear. Choose one:`, ...list);
}

type ProxyError = ConnectError | PublishError | SubscribeError;

/** A failure of the proxy as the command line reports it: the same sentence, and the exit code for it. A defect stays what it is. */
export function asCliError(error: unknown): unknown {
  return isProxyError(error) ? new CliError(error.message, { exitCode: exitCodeOf(error), cause: error }) : error;
}

function isProxyError(error: unknown): error is ProxyError {
  return error instanceof Error && '_tag' in error && 'kind' in error;
}

function exitCodeOf(error: ProxyError): number {
  if (isUnreached(error)) return EXIT.UNREACHABLE;
  return error._tag === 'InvalidRequest' && error.foundBy === 'client' ? EXIT.USAGE : EXIT.FAILED;
}

/** A nucleus that `dev` runs, as other commands of the same user find it. */
export interface RunningNucleus {
  /** The process of `dev`. */
  readonly pid: number;
  readonly profile: Profile;
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
  const file = join(runtimeFolder(env), `${nucleus.pid}.json`);
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
    // Undefined while it is not written to its end.
    return readJson(RunningNucleus, readFileSync(file, 'utf8'));
  } catch {
    // Gone in the meantime.
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
 * The folder in which running `dev` nuclei are written down, each in a file of its own that only this user can read, since it holds tokens.
 * It is `$XDG_RUNTIME_DIR/greengrass-rx`, or `greengrass-rx-<user id>` among the temporary files. Anyone could make a folder of that name
 * there first, so one that others can read, or that is another user's, is refused.
 */
function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const ofRuntime = runtime !== undefined && runtime !== '' ? join(runtime, 'greengrass-rx') : undefined;
  if (process.platform === 'win32') {
    // The folder of temporary files is each user's own there, and files have no modes.
    const own = ofRuntime ?? join(tmpdir(), 'greengrass-rx');
    mkdirSync(own, { recursive: true });
    return own;
  }
  const { uid } = userInfo();
  const folder = ofRuntime ?? join(tmpdir(), `greengrass-rx-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0) return folder;
  throw new CliError(`The folder ${folder}, where running nuclei are written down with their tokens, is not this user's alone.`, {
    remedies: [`Remove it, or set XDG_RUNTIME_DIR to a folder that is yours.`],
  });
}
