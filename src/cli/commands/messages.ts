import { type Command, Option } from 'commander';
import { type Cli, parseCount, parseDuration, repeated } from '../cli.js';
import type { PubOptions } from '../pub/run-pub.js';
import { addReachOptions } from '../reach/reach.js';
import type { SubOptions } from '../sub/run-sub.js';

const SUB_EXAMPLES = `
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
    .addHelpText('after', SUB_EXAMPLES);
  addReachOptions(command).action(async (filters: readonly string[], options: SubOptions) => {
    const { runSub } = await import('../sub/run-sub.js');
    await runSub(cli, filters, options);
  });
}

const PUB_EXAMPLES = `
Examples:
  greengrass-rx pub agg/s1 '{"mean":21}' --qos 1
  greengrass-rx pub pictures/last --file last.jpg
  date | greengrass-rx pub clock -                            # all of stdin is the payload
  greengrass-rx pub --local --json plc/1/raw '{"celsius":21}'
  greengrass-rx pub load/test x --count 10000
  greengrass-rx sub 'sensors/#' --json > day.ndjson           # and again:
  greengrass-rx pub --ndjson < day.ndjson`;

export function addPub(root: Command, cli: Cli): void {
  const command = root
    .command('pub')
    .summary('publish messages')
    .description('Publishes through the IPC socket of the environment, or of a running dev nucleus.')
    .argument('[topic]', 'where to; with --ndjson that of lines that name none')
    .argument('[payload]', 'a text; - for all of stdin')
    .option('-f, --file <file>', 'publish what is in a file')
    .option('--ndjson', 'publish each line of stdin: {"topicName": …, "payload": …}, as sub --json prints them')
    .option('--local', 'to a local topic: to the other components of the device')
    .option('--json', 'with --local: as a JSON message, and not as bytes')
    .addOption(new Option('-q, --qos <qos>', 'quality of service (default: 1)').choices(['0', '1']))
    .addOption(new Option('-n, --count <n>', 'publish the message so many times').argParser(parseCount))
    .addOption(new Option('--in-flight <n>', 'publishes under way at once (default: what the nucleus takes)').argParser(parseCount))
    .addOption(new Option('-t, --timeout <time>', 'how long to wait for an answer').argParser(parseDuration).default(10_000, '10s'))
    .option('--retain', 'let the broker keep it for later subscribers')
    .option('--content-type <type>', 'MQTT 5 content type')
    .option('--response-topic <topic>', 'MQTT 5 response topic')
    .option('--correlation-data <text>', 'MQTT 5 correlation data')
    .addOption(new Option('--expiry <time>', 'MQTT 5 message expiry').argParser(parseDuration))
    .addOption(repeated('--user-property <name=value>', 'MQTT 5 user property; may be repeated'))
    .option('--quiet', 'say nothing on stderr but failures')
    .addHelpText('after', PUB_EXAMPLES);
  addReachOptions(command).action(async (topic: string | undefined, payload: string | undefined, options: PubOptions) => {
    const { runPub } = await import('../pub/run-pub.js');
    await runPub(cli, topic, payload, options);
  });
}
