#!/usr/bin/env node
import { versions } from 'node:process';

/** `engines` of package.json. */
const [MAJOR, MINOR] = [20, 19];

const [major = 0, minor = 0] = versions.node.split('.').map(Number);
if (major < MAJOR || (major === MAJOR && minor < MINOR)) {
  process.stderr.write(`greengrass-rx: it needs Node ${MAJOR}.${MINOR} or newer, and this is Node ${versions.node}.\n`);
  process.exit(1);
}
// Only now: a Node that is too old fails where it loads these, with a sentence about one of its own modules.
const [{ processCli }, { program, reportFailure }] = await Promise.all([import('./cli.js'), import('./program.js')]);

const cli = processCli();
// What is still to be cleaned up then, the listeners of `exit` do.
process.on('uncaughtException', error => process.exit(reportFailure(cli, error)));
try {
  await program(cli).parseAsync(process.argv);
} catch (error) {
  cli.exitCode = reportFailure(cli, error);
}
await Promise.all([cli.out.flushed(), cli.err.flushed()]);
// Nothing may be left open by now; should something be, the command has ended all the same.
process.exit(cli.exitCode);
