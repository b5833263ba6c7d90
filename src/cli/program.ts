import { Argument, Command, CommanderError } from 'commander';
import { visible, visibleLines } from '../shared/visible.js';
import { CliError, EXIT } from './cli-error.js';
import { type Cli, packageVersion } from './cli.js';
import { completionScript, type Shell, SHELLS } from './completion.js';
import { addBuild, addCloud, addDiagram, addInit, addMarbleTest, addRecipe, addRun } from './commands/component.js';
import { addConfig, addDev, addDoctor, addUpdate } from './commands/nucleus.js';
import { addOutbox } from './commands/outbox.js';
import { addPub, addSub } from './commands/messages.js';
import { wrap } from './output.js';

const EXIT_CODES = `
Exit codes:
  ${EXIT.OK}    done
  ${EXIT.FAILED}    it could not be done: refused, ended, something found wrong
  ${EXIT.USAGE}    the command line, or a file it names, is wrong
  ${EXIT.UNREACHABLE}    no nucleus to talk to, or it refuses the token
  ${EXIT.TIMED_OUT}    the time of --timeout was up
  70   a defect of greengrass-rx
  128 + n: ended by signal n, such as 130 for Ctrl-C
  dev ends with the code of its component, or with 126 or 127 if that could not be run or found.
  run has its own table: run --help.`;

/** Columns of the help: longer lines are harder to read. */
const PAGE_WIDTH = 100;

/** The whole command line. A file of `commands` has those that belong together; each loads what it needs only when it runs. */
export function program(cli: Cli): Command {
  const root = new Command('greengrass-rx')
    .description('Develop and test AWS IoT Greengrass components without a device.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .showHelpAfterError('(greengrass-rx --help says more)')
    .configureOutput({
      writeOut: text => void cli.out.write(text),
      writeErr: text => void cli.err.write(text),
      getOutHelpWidth: () => Math.min(cli.out.width, PAGE_WIDTH),
      getErrHelpWidth: () => Math.min(cli.err.width, PAGE_WIDTH),
      outputError: (text, write) => write(text.replace(/^error: /, `${cli.err.style('red', 'greengrass-rx:')} `)),
    })
    .configureHelp({ styleTitle: title => cli.out.style('bold', title) })
    .addHelpText('after', EXIT_CODES)
    .enablePositionalOptions();
  addInit(root, cli);
  addDev(root, cli);
  addSub(root, cli);
  addPub(root, cli);
  addConfig(root, cli);
  addUpdate(root, cli);
  addDoctor(root, cli);
  addOutbox(root, cli);
  addRun(root, cli);
  addBuild(root, cli);
  addRecipe(root, cli);
  addDiagram(root, cli);
  addCloud(root, cli);
  addMarbleTest(root, cli);
  // Set before, it would be that of the program for each of its commands.
  for (const each of root.commands) each.showHelpAfterError(`(greengrass-rx ${each.name()} --help says more)`);
  root
    .command('completion')
    .summary('complete commands and options in a shell')
    .description('Prints a script for the shell. Put this into its start-up file: source <(greengrass-rx completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action((shell: Shell) => void cli.out.write(completionScript(root, shell)));
  return root;
}

/** Says on stderr what went wrong, and gives the exit code for it. A stack trace is printed for a defect only. */
export function reportFailure(cli: Cli, error: unknown): number {
  const { err } = cli;
  if (error instanceof CommanderError) {
    // commander has said what is wrong, or has printed the help or the version that was asked for.
    return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  }
  const known = error instanceof CliError ? error : (missingPackage(error) ?? refusedBySystem(error));
  if (known !== undefined) {
    const { message, remedies, exitCode } = known;
    const label = 'greengrass-rx: ';
    const [first = '', ...rest] = wrap(label + visible(message), err.width, '  ');
    err.line([err.style('red', label.trimEnd()) + first.slice(label.length - 1), ...rest].join('\n'));
    for (const remedy of remedies) err.line(wrap(visible(remedy), err.width, '  ', '  ').join('\n'));
    return exitCode;
  }
  err.line(
    `${err.style('red', 'greengrass-rx:')} this is a defect of greengrass-rx, not of what you did. Please report it with these lines.`,
  );
  err.line(stackOf(error));
  return EXIT.DEFECT;
}

/** A command that needs a package which was left out when this one was installed. */
function missingPackage(error: unknown): CliError | undefined {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  const [, name] = code === 'ERR_MODULE_NOT_FOUND' ? (/^Cannot find package '([^']+)'/.exec(message ?? '') ?? []) : [];
  return name === undefined
    ? undefined
    : new CliError(`This needs the package ${name}, which is not installed here.`, {
        cause: error,
        remedies: [
          'greengrass-rx was installed without its optional dependencies, as for a device. Install it with them where you develop.',
        ],
      });
}

/** A file or folder that cannot be read or written as it was asked for: the system's text says which, and why. */
function refusedBySystem(error: unknown): CliError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { syscall, path, message }: NodeJS.ErrnoException = error;
  return syscall === undefined || path === undefined ? undefined : new CliError(message, { cause: error });
}

/** A stack in the lines of its frames: the message above them is one, whatever stands in it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  const { message, stack = message } = error;
  return visibleLines(message === '' ? stack : stack.replace(message, () => visible(message)));
}
