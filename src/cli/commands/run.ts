import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import type { RunCommandOptions } from '../component/run-module.js';

const EXAMPLES = `
Examples:
  greengrass-rx run dist/component.js
  GREENGRASS_RX_CONFIG='{"deadband": 1}' greengrass-rx run dist/component.js
  greengrass-rx run dist/component.js --health health.json

Exit codes (the full table is in docs/component.md):
  0   done, or told to stop      75  a stream failed; again may help
  69  a stream failed for good   76  the token was refused
  70  a bug: something threw     77  not allowed by the policies
  72  completed, as a startup    78  the configuration does not fit`;

export function addRun(root: Command, cli: Cli): void {
  root
    .command('run')
    .summary('run a component, as a device does')
    .description('Runs the component that a module exports, to its end: configuration, log, health, drain on SIGTERM, exit code.')
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .option('--health <file>', 'write how it is to this file (default: the variable GREENGRASS_RX_HEALTH_FILE, or else none)')
    .addHelpText('after', EXAMPLES)
    .action(async (module: string, options: RunCommandOptions) => {
      const { runModule } = await import('../component/run-module.js');
      await runModule(cli, module, options);
    });
}
