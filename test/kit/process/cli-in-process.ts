import { Readable, Writable } from 'node:stream';
import type { Cli } from '../../../src/cli/cli.js';
import { Output } from '../../../src/cli/output.js';
import { program, reportFailure } from '../../../src/cli/program.js';
import { type RunOptions, temporaryFolder } from './run-cli.js';

/** What a command came to. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables by which whoever runs the tests may have set the width and the colours of what is printed. */
const OF_TERMINALS = ['COLUMNS', 'FORCE_COLOR', 'NO_COLOR'];

/**
 * Runs a command of `greengrass-rx` in this process, from the sources: for tests that need no process of its own, with its signals and its
 * end. Like `runCli` it finds no nucleus but those that `env` leads to, and prints without colours and line breaks of a terminal. What it
 * changes of this process is as before when it has ended.
 */
export const inProcess = async (args: readonly string[], { env, cwd, input = '' }: RunOptions = {}): Promise<CommandResult> => {
  const before = process.cwd();
  const { sourceMapsEnabled } = process;
  const ofTerminals = OF_TERMINALS.map(name => [name, process.env[name]] as const);
  const said = { stdout: '', stderr: '' };
  const collecting = (where: keyof typeof said): Output => {
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, then) => {
        said[where] += chunk.toString();
        then();
      },
    });
    // `Output` asks a stream of a pipe for nothing that only a terminal has.
    return new Output(stream as unknown as NodeJS.WriteStream);
  };
  const given: Readonly<NodeJS.ProcessEnv> = { ...env };
  const cli: Cli = {
    in: Readable.from([input]),
    out: collecting('stdout'),
    err: collecting('stderr'),
    env: { ...given, XDG_RUNTIME_DIR: given['XDG_RUNTIME_DIR'] ?? temporaryFolder() },
    exitCode: 0,
  };
  if (cwd !== undefined) process.chdir(cwd);
  for (const name of OF_TERMINALS) Reflect.deleteProperty(process.env, name);
  try {
    await program(cli).parseAsync(args, { from: 'user' });
  } catch (error) {
    cli.exitCode = reportFailure(cli, error);
  } finally {
    process.chdir(before);
    process.setSourceMapsEnabled(sourceMapsEnabled);
    for (const [name, value] of ofTerminals) if (value !== undefined) process.env[name] = value;
  }
  return { code: cli.exitCode, ...said };
};
