import { type Command, Option } from 'commander';
import type { ConnectError, PublishError, SubscribeError } from '../../errors/errors.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import { parseCount } from '../parse-values.js';
import { componentsOf, OBSERVER, runningNuclei, type RunningNucleus } from './running-nuclei.js';

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
      `The nucleus of dev (pid ${String(nucleus.pid)}) has no component ${JSON.stringify(component)}.`,
      names.length === 0 ? 'It has none: leave --as out.' : `It has ${names.join(', ')}.`,
    );
  }
  return {
    socketPath: nucleus.socketPath,
    authToken: token,
    firstComponent: componentsOf(nucleus)[0],
    description: `${component} at the ${nucleus.profile} nucleus of dev (pid ${String(nucleus.pid)})`,
  };
}

/** The `dev` that is meant: the one with this process id, or the only one that runs, or the only one that was started here. */
export function findDev(pid: number | undefined, env: NodeJS.ProcessEnv): RunningNucleus {
  return choose(pid, runningNuclei(env), process.cwd());
}

function choose(pid: number | undefined, running: readonly RunningNucleus[], directory: string): RunningNucleus {
  const list = running.map(({ pid, profile, directory }) => `  --nucleus ${String(pid)}   ${profile}, started in ${directory}`);
  if (pid !== undefined) {
    const chosen = running.find(nucleus => nucleus.pid === pid);
    if (chosen !== undefined) return chosen;
    throw new CliError(`No dev nucleus has the process id ${String(pid)}.`, {
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
  throw new UsageError(`${String(running.length)} dev nuclei run, and which of them is meant is not clear. Choose one:`, ...list);
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
  switch (error._tag) {
    case 'MissingEnvironment':
    case 'SocketPathTooLong':
    case 'SocketUnavailable':
    case 'TokenRefused':
    case 'NativeUnavailable':
      return EXIT.UNREACHABLE;
    case 'InvalidRequest':
      return error.foundBy === 'client' ? EXIT.USAGE : EXIT.FAILED;
    default:
      return EXIT.FAILED;
  }
}
