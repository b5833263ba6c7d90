import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { connect } from '../../client/connect.js';
import { loadCrt } from '../../ipc/crt/crt-native.js';
import type { Capabilities } from '../../ports/mqtt-proxy.js';
import { isNamedPipe, tooLongForSocket } from '../../shared/socket-path.js';
import { visible } from '../../shared/visible.js';
import { CliError, EXIT } from '../cli-error.js';
import { type Cli, packageVersion } from '../cli.js';
import { type Format, wrap } from '../output.js';
import { type Address, findNucleus, type ReachOptions } from '../reach/reach.js';
import type { CheckResult } from './check-recipe.js';

export interface DoctorOptions extends ReachOptions {
  readonly recipe: readonly string[];
  readonly json?: boolean | undefined;
}

/** Looks at all that a component needs, and says of each thing whether it is well and what to do if not. */
export async function runDoctor(cli: Cli, options: DoctorOptions): Promise<void> {
  using _silence = withoutNotices();
  const findings: CheckResult[] = [];
  const tell = (found: readonly CheckResult[]): void => {
    findings.push(...found);
    if (options.json !== true) for (const finding of found) print(cli, finding);
  };
  const versions = await checkVersions();
  tell(versions);
  const hasCrt = versions.some(({ check, status }) => check === 'aws-crt' && status === 'ok');
  for (const recipe of options.recipe) {
    // What reads recipes is not installed on every device.
    const { checkRecipeFile } = await import('./check-recipe.js');
    tell(await checkRecipeFile(recipe));
  }
  const address = addressOf(cli, options);
  if ('check' in address) tell([address]);
  else {
    tell([{ check: 'environment', status: 'ok', message: `this would be ${address.description}` }]);
    const socket = checkSocket(address.socketPath);
    tell([socket]);
    if (socket.status === 'ok') tell(await checkTransports(address, hasCrt));
  }
  const isWell = findings.every(({ status }) => status !== 'error');
  if (options.json === true) cli.out.line(JSON.stringify({ ok: isWell, findings }));
  if (!isWell) cli.exitCode = EXIT.FAILED;
}

/**
 * Keeps back the notices of aws-crt about Node versions that it will need, which it gives when the doctor loads it: they are no findings.
 */
function withoutNotices(): Disposable {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (...args: readonly unknown[]) => {
    if (!args.includes('NodeDeprecationWarning')) Reflect.apply(emitWarning, undefined, args);
  };
  return {
    [Symbol.dispose]: () => {
      process.emitWarning = emitWarning;
    },
  };
}

/** The nucleus that other commands would talk to; or why there is none. */
function addressOf(cli: Cli, options: ReachOptions): Address | CheckResult {
  const { SVCUID: token, AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socket } = cli.env;
  if ((token === undefined) !== (socket === undefined)) {
    const missing = token === undefined ? 'SVCUID' : 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT';
    return {
      check: 'environment',
      status: 'error',
      message: `${missing} is not set, and its companion is.`,
      remedy:
        'Greengrass sets both for the processes that it starts itself: was one lost on the way, by sudo, a container or a service manager?',
    };
  }
  try {
    return findNucleus(options, cli.env);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { check: 'environment', status: 'error', message: error.message, remedy: error.remedies.join(' ') };
  }
}

const MARKS: Record<CheckResult['status'], readonly [mark: string, format: Format]> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
  skipped: ['-', 'dim'],
};

/** Columns of what was looked at. */
const CHECK_WIDTH = 16;
/** A narrower terminal has the sentence below what was looked at. */
const WIDE = 60;

function print({ out }: Cli, { check, status, ...texts }: CheckResult): void {
  const message = visible(texts.message);
  const remedy = texts.remedy === undefined ? undefined : visible(texts.remedy);
  const [mark, format] = MARKS[status];
  const indent = ' '.repeat(out.width < WIDE ? 2 : CHECK_WIDTH + 2);
  const label = out.width < WIDE ? check : check.padEnd(CHECK_WIDTH - 1);
  const text = out.width < WIDE ? [label, ...wrap(message, out.width, indent, indent)] : wrap(`  ${label} ${message}`, out.width, indent);
  const [first = '', ...rest] = text;
  out.line([`${out.style(format, mark)} ${first.trimStart()}`, ...rest].join('\n'));
  if (remedy !== undefined) out.line(wrap(`→ ${remedy}`, out.width, `${indent}  `, indent).join('\n'));
}

async function checkVersions(): Promise<readonly CheckResult[]> {
  return [
    { check: 'version', status: 'ok', message: `greengrass-rx ${packageVersion()}` },
    // A Node that is too old does not come this far: the program says so at once, whatever the command.
    { check: 'node', status: 'ok', message: `Node ${process.versions.node}, ${process.platform} ${process.arch}` },
    await checkCrt(),
  ];
}

async function checkCrt(): Promise<CheckResult> {
  try {
    await loadCrt();
    return { check: 'aws-crt', status: 'ok', message: 'can be loaded, so the transport crt can be used' };
  } catch {
    return {
      check: 'aws-crt',
      status: 'warning',
      message:
        'cannot be loaded. The default transport does not need it; the transport crt does, and MQTT brokers other than the embedded one.',
      remedy: 'If you need it, npm install aws-crt. It has no binary for 32-bit ARM.',
    };
  }
}

/** The socket's file: whether it is there, a socket, short enough and open to this user. Stops at the first thing that is wrong. */
export function checkSocket(path: string): CheckResult {
  const wrong = (message: string, remedy: string): CheckResult => ({ check: 'socket', status: 'error', message, remedy });
  // A pipe is no file; whether somebody listens there, the transports find out.
  if (isNamedPipe(path)) return { check: 'socket', status: 'ok', message: `${path} is a named pipe` };
  const excess = tooLongForSocket(path);
  if (excess !== undefined)
    return wrong(
      `The path ${path} has ${excess.length} bytes, and a socket's address takes ${excess.limit}.`,
      'Use a path relative to the working folder, or a symbolic link in a shorter place.',
    );
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return wrong(`There is no file ${path}.`, missingRemedy(path));
  if (!stat.isSocket()) return wrong(`${path} is not a socket.`, 'Point to the ipc.socket of the nucleus.');
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    return wrong(
      `This user may not open ${path}: its mode is ${mode}, its owner has the id ${stat.uid}.`,
      'Run as the user that the nucleus runs components as (ggc_user by default).',
    );
  }
  return { check: 'socket', status: 'ok', message: `${path} is a socket that this user may open (mode ${mode})` };
}

function missingRemedy(path: string): string {
  return isAbsolute(path)
    ? 'Start the nucleus, or correct the path.'
    : "A relative path holds for the component's own work folder: run it from there.";
}

/** How long a nucleus may take to accept a connection, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;

type Transport = 'socket' | 'crt';

interface Attempt {
  readonly finding: CheckResult;
  readonly capabilities: Capabilities | undefined;
}

/** Connects over both transports with the same token, and compares what they find. Nothing is published or subscribed. */
async function checkTransports(address: Address, hasCrt: boolean): Promise<readonly CheckResult[]> {
  const socket = await attempt('socket', address);
  if (!hasCrt) return [socket.finding, { check: 'transport crt', status: 'skipped', message: 'not looked at: aws-crt cannot be loaded' }];
  const crt = await attempt('crt', address);
  const findings = [socket.finding, crt.finding];
  if (socket.capabilities === undefined || crt.capabilities === undefined) return findings;
  if (socket.capabilities.profile === crt.capabilities.profile) return findings;
  return [
    ...findings,
    {
      check: 'transports',
      status: 'error',
      message: `The two find different nuclei at the same socket: ${socket.capabilities.profile} and ${crt.capabilities.profile}.`,
      remedy: 'Give connect() the profile, and report this with the version of the nucleus.',
    },
  ];
}

async function attempt(transport: Transport, { socketPath, authToken }: Address): Promise<Attempt> {
  const check = `transport ${transport}`;
  await using proxy = connect({ socketPath, authToken, transport, connectTimeout: CONNECT_TIMEOUT, refusalPatience: 0 });
  const ready = await proxy.ready()();
  if (ready._tag === 'Left') {
    // The sentence says what to do in its second half.
    const { message } = ready.left;
    return { finding: { check, status: 'error', message }, capabilities: undefined };
  }
  const { profile, maxFrameBytes, inFlight, mqtt5Members } = ready.right;
  const members = mqtt5Members ? 'MQTT 5 members are carried' : 'MQTT 5 members are not carried';
  const message = `connected to a ${profile} nucleus: frames of up to ${maxFrameBytes} bytes, ${inFlight} publishes at once, ${members}`;
  return { finding: { check, status: 'ok', message }, capabilities: ready.right };
}
