import { Output } from './output.js';

/** What every command is handed. */
export interface Cli {
  /** Results, for the next program in the pipe. */
  readonly out: Output;
  /** Progress and problems, for the person. */
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
  /** How the process will end. A command sets it when that is not {@link EXIT.OK}; a thrown `CliError` sets it by itself. */
  exitCode: number;
}

export function processCli(): Cli {
  return { out: new Output(process.stdout), err: new Output(process.stderr), env: process.env, exitCode: 0 };
}
