import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { repeated } from '../parse-values.js';
import type { DoctorOptions } from '../doctor/run-doctor.js';
import { addReachOptions } from '../reach/reach.js';

const EXAMPLES = `
Examples:
  greengrass-rx doctor                          # where a component runs, or beside dev
  greengrass-rx doctor --recipe recipe.yaml
  greengrass-rx doctor --json | jq '.findings[] | select(.status == "error")'

It publishes and subscribes nothing. The exit code is 1 if a component could not work like this.`;

export function addDoctor(root: Command, cli: Cli): void {
  const command = root
    .command('doctor')
    .summary('find out why a component cannot talk to its nucleus')
    .description('Looks at the versions, the environment, the socket, the token and both transports, and at recipes.')
    .addOption(repeated('-r, --recipe <file>', 'a recipe to look at with its policies; may be repeated'))
    .option('--json', 'one object of JSON')
    .addHelpText('after', EXAMPLES);
  addReachOptions(command).action(async (options: DoctorOptions) => {
    const { runDoctor } = await import('../doctor/run-doctor.js');
    await runDoctor(cli, options);
  });
}
