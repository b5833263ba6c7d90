import { Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { parseCount, parseDuration } from '../parse-values.js';
import { addReachOptions } from '../reach/reach.js';
import type { SubOptions } from '../sub/run-sub.js';

const EXAMPLES = `
Examples:
  greengrass-rx sub 'sensors/#'
  greengrass-rx sub 'sensors/#' --json | jq '.payload.celsius'
  greengrass-rx sub cmd/+ --count 1 --timeout 10s --format payload
  greengrass-rx sub 'sensors/#' --as com.example.Alarms      # under that component's policies`;

export function addSub(root: Command, cli: Cli): void {
  const command = root
    .command('sub')
    .summary('subscribe to topics and print what comes')
    .description('Subscribes through the IPC socket of the environment, or of a running dev nucleus, and prints each message.')
    .argument('<filter...>', "topic names or filters, such as 'sensors/+/temperature'")
    .addOption(
      new Option('--format <format>', 'what to print of a message (default: pretty on a terminal, json elsewhere)').choices([
        'pretty',
        'json',
        'payload',
      ]),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .option('--local', 'local topics: messages between the components of the device')
    .addOption(new Option('-q, --qos <qos>', 'quality of service').choices(['0', '1']).default('1'))
    .addOption(new Option('-n, --count <n>', 'end after so many messages').argParser(parseCount))
    .addOption(new Option('-t, --timeout <time>', 'end after so long; exit code 4 if --count was not reached').argParser(parseDuration))
    .option('--quiet', 'say nothing on stderr but failures')
    .addHelpText('after', EXAMPLES);
  addReachOptions(command).action(async (filters: readonly string[], options: SubOptions) => {
    const { runSub } = await import('../sub/run-sub.js');
    await runSub(cli, filters, options);
  });
}
