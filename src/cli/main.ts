#!/usr/bin/env node
import { processCli } from './cli.js';
import { program, reportFailure } from './program.js';

const cli = processCli();
// Whatever is still to be cleaned up is so at `exit`.
process.on('uncaughtException', error => process.exit(reportFailure(cli, error)));
try {
  await program(cli).parseAsync(process.argv);
} catch (error) {
  cli.exitCode = reportFailure(cli, error);
}
await Promise.all([cli.out.flushed(), cli.err.flushed()]);
// Nothing may be left open by now; should something be, the command has ended all the same.
process.exit(cli.exitCode);
