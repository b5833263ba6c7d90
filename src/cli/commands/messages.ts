import { type Command, Option } from 'commander';
import { UsageError } from '../cli-error.js';
import { type Cli, parseCount, parseDuration, repeated } from '../cli.js';
import type { PubOptions } from '../messages/run-pub.js';
import { addReachOptions } from '../reach/reach.js';
import type { SubOptions } from '../messages/run-sub.js';

const SUB_EXAMPLES = `
Examples:
  greengrass-rx sub 'sensors/#'
  greengrass-rx sub 'sensors/#' --json | jq '.payload.celsius'
  greengrass-rx sub cmd/+ --count 1 --timeout 10s --format payload
  greengrass-rx sub -v -t 'sensors/#' -t 'alarms/#' -q 1      # as with mosquitto_sub
  greengrass-rx sub 'sensors/#' --as com.example.Alarms      # under that component's policies`;

/** What mosquitto_sub has as options. */
interface SubTopics {
  readonly topic: readonly string[];
  readonly C?: number | undefined;
  readonly F?: string | undefined;
}

/** What mosquitto's programs have to reach a broker. */
const TO_A_BROKER = [
  '-p <port>',
  '-u <user>',
  '-P <password>',
  '-i <id>',
  '-I <prefix>',
  '-k <seconds>',
  '-L <url>',
  '-V <version>',
  '--cafile <file>',
  '--cert <file>',
  '--key <file>',
] as const;

/** Says of mosquitto's options for a broker that there is none to reach here. `-h` is one of them, and by itself asks for the help. */
function refuseBrokerOptions(command: Command): Command {
  const refuse = (flags: string) => (): never => {
    throw new UsageError(
      `${command.name()} has no ${flags.replace(/ .*/, '')}: it talks to the nucleus on this machine, and not to a broker at a host and a port.`,
      `Leave it out. A broker is for mosquitto_${command.name()}; dev prints the address of the one behind its nucleus.`,
    );
  };
  for (const flags of TO_A_BROKER) command.addOption(new Option(flags).hideHelp().argParser(refuse(flags)));
  return command.helpOption('--help', 'print help').addOption(
    new Option('-h [host]')
      .hideHelp()
      .preset('')
      .argParser((host: string) => (host === '' ? command.help() : refuse('-h')())),
  );
}

export function addSub(root: Command, cli: Cli): void {
  const command = root
    .command('sub')
    .summary('subscribe to topics and print what comes')
    .description('Subscribes through the IPC socket of the environment, or of a running dev nucleus, and prints each message.')
    .argument('[filter...]', "topic names or filters, such as 'sensors/+/temperature'")
    .addOption(repeated('-t, --topic <filter>', 'the same, as mosquitto_sub has it'))
    .addOption(
      new Option('--format <format>', 'what to print of a message (default: pretty on a terminal, json elsewhere)').choices([
        'pretty',
        'json',
        'payload',
      ]),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .addOption(new Option('-v, --verbose', 'the same as --format pretty').implies({ format: 'pretty' }))
    .option('--local', 'local topics: messages between the components of the device')
    .addOption(new Option('-q, --qos <qos>', 'quality of service').choices(['0', '1']).default('1'))
    .addOption(new Option('-n, --count <n>', 'end after so many messages').argParser(parseCount))
    .addOption(new Option('-C <n>', 'the same as --count, as mosquitto_sub has it').argParser(parseCount))
    .addOption(new Option('-F <format>').hideHelp())
    .addOption(new Option('-W, --timeout <time>', 'end after so long; exit code 4 if --count was not reached').argParser(parseDuration))
    .option('--quiet', 'say nothing on stderr but failures')
    .addHelpText('after', SUB_EXAMPLES);
  refuseBrokerOptions(addReachOptions(command)).action(
    async (filters: readonly string[], { topic, C: count, F: format, ...options }: SubOptions & SubTopics) => {
      if (format !== undefined)
        throw new UsageError(
          "sub has no formats of mosquitto_sub's -F.",
          "Give --format payload, or --json and what you want of it: … | jq -r '.topicName'.",
        );
      if (count !== undefined && options.count !== undefined && options.count !== count)
        throw new UsageError(`-n says ${options.count} messages, and -C says ${count}.`, 'They are the same option: give one of them.');
      const { runSub } = await import('../messages/run-sub.js');
      await runSub(cli, [...filters, ...topic], count === undefined ? options : { ...options, count });
    },
  );
}

const PUB_EXAMPLES = `
Examples:
  greengrass-rx pub agg/s1 '{"mean":21}' --qos 1
  greengrass-rx pub -t agg/s1 -m '{"mean":21}' -q 1           # as with mosquitto_pub
  greengrass-rx pub pictures/last --file last.jpg
  date | greengrass-rx pub clock -                            # all of stdin is the payload
  greengrass-rx pub --local --json plc/1/raw '{"celsius":21}'
  greengrass-rx pub load/test x --count 10000
  greengrass-rx sub 'sensors/#' --json > day.ndjson           # and again:
  greengrass-rx pub --ndjson < day.ndjson`;

/** What mosquitto_pub has as options. */
interface PubTopic {
  readonly topic?: string | undefined;
  readonly message?: string | undefined;
  readonly stdinFile?: boolean | undefined;
  readonly stdinLine?: boolean | undefined;
}

export function addPub(root: Command, cli: Cli): void {
  const command = root
    .command('pub')
    .summary('publish messages')
    .description('Publishes through the IPC socket of the environment, or of a running dev nucleus.')
    .argument('[topic]', 'where to; with --ndjson that of lines that name none')
    .argument('[payload]', 'a text; - for all of stdin')
    .addOption(new Option('-t, --topic <topic>', 'the same as the first argument, as mosquitto_pub has it'))
    .addOption(new Option('-m, --message <payload>', 'the same as the second, as mosquitto_pub has it'))
    .option('-f, --file <file>', 'publish what is in a file')
    .option('-s, --stdin-file', 'the same as the payload -, as mosquitto_pub has it')
    .addOption(new Option('-l, --stdin-line').hideHelp())
    .option('--ndjson', 'publish each line of stdin: {"topicName": …, "payload": …}, as sub --json prints them')
    .option('--local', 'to a local topic: to the other components of the device')
    .option('--json', 'with --local: as a JSON message, and not as bytes')
    .addOption(new Option('-q, --qos <qos>', 'quality of service (default: 1)').choices(['0', '1']))
    .addOption(new Option('-n, --count <n>', "publish the message so many times; an empty message is -m ''").argParser(parseCount))
    .addOption(new Option('--in-flight <n>', 'publishes under way at once (default: what the nucleus takes)').argParser(parseCount))
    .addOption(new Option('-W, --timeout <time>', 'how long to wait for an answer').argParser(parseDuration).default(10_000, '10s'))
    .option('-r, --retain', 'let the broker keep it for later subscribers')
    .option('--content-type <type>', 'MQTT 5 content type')
    .option('--response-topic <topic>', 'MQTT 5 response topic')
    .option('--correlation-data <text>', 'MQTT 5 correlation data')
    .addOption(new Option('--expiry <time>', 'MQTT 5 message expiry').argParser(parseDuration))
    .addOption(repeated('--user-property <name=value>', 'MQTT 5 user property; may be repeated'))
    .option('--quiet', 'say nothing on stderr but failures')
    .addHelpText('after', PUB_EXAMPLES);
  refuseBrokerOptions(addReachOptions(command)).action(
    async (first: string | undefined, second: string | undefined, options: PubOptions & PubTopic) => {
      const { runPub } = await import('../messages/run-pub.js');
      const { topic, message, stdinFile, stdinLine, ...others } = options;
      if (stdinLine === true)
        throw new UsageError(
          "pub does not take a line for a message, as mosquitto_pub's -l does.",
          `Give it lines that name their topic: … | jq -Rc '{topicName: "a/b", payload: .}' | greengrass-rx pub --ndjson.`,
        );
      // With -t the topic is not among the arguments: `pub -t a/b text`.
      const [topicName, payload] = topic === undefined ? [first, second] : [topic, first];
      const given = [message, payload, stdinFile === true ? '-' : undefined].filter(each => each !== undefined);
      if ((topic !== undefined && second !== undefined) || given.length > 1)
        throw new UsageError('The topic or the payload is given twice.', 'Give each as an argument, or with -t and -m, -s or -f.');
      await runPub(cli, topicName, given[0], others);
    },
  );
}
