import { visible } from '../../shared/visible.js';
import { CliError, EXIT } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { type Format, wrap } from '../output.js';
import { findNucleus, type Address, type ReachOptions } from '../reach/reach.js';
import { checkSocket, checkTransports, checkVersions, type CheckResult } from './checks.js';

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
