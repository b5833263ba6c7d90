import { Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { parseDuration, parsePort, repeated } from '../parse-values.js';
import type { DevOptions } from '../dev/run-dev.js';

const EXAMPLES = `
Examples:
  greengrass-rx dev --recipe recipe.yaml -- node dist/component.js
  greengrass-rx dev --recipe recipe.yaml --profile lite --watch -- python3 component.py
  greengrass-rx dev --recipe a.yaml --recipe b.yaml -- node a.js      # b is started elsewhere, or not at all
  greengrass-rx dev --recipe recipe.yaml                              # prints the environment; start it in a debugger
  greengrass-rx dev --chaos '5s offline, 8s online, 10s restart nucleus' -- node component.js
  greengrass-rx dev -- node component.js | jq 'select(.kind == "failed")'

What comes after -- is started as a component: with the variables that Greengrass sets, those of the
recipe's Setenv, and the policies of the recipe. On a terminal a log is printed, in a pipe a line of
JSON for each event. Ctrl-C ends the component, and all that it has started, with it.`;

export function addDev(root: Command, cli: Cli): void {
  root
    .command('dev')
    .summary('run a component against a local nucleus')
    .description('Starts a local nucleus and an MQTT broker, runs a component against them, and shows what happens.')
    .argument('[command...]', 'what to run, after --; left out: the nucleus alone')
    .addOption(repeated('-r, --recipe <file>', "a component's recipe; the first one is that of the command"))
    .option('--name <component>', "the component's name, where there is no recipe", 'com.example.Component')
    .addOption(new Option('-p, --profile <profile>', 'which nucleus to be').choices(['classic', 'lite']).default('classic'))
    .option('-w, --watch', 'start the component again when its files or its recipe change')
    .addOption(repeated('--watch-path <path>', 'what to watch', 'the folders of the files in the command'))
    .option('--chaos <script>', "faults: a script's path, or a timeline such as '5s offline, 8s online'")
    .option('--json', 'a line of JSON for each event, on a terminal too')
    .addOption(new Option('--mqtt-port <port>', 'port of the MQTT broker on 127.0.0.1 (default: a free one)').argParser(parsePort))
    .option('--broker <url>', 'an MQTT 5 broker elsewhere, mqtt:// or mqtts://, instead of the embedded one')
    .option('--iot-core <endpoint>', 'AWS IoT Core instead of the embedded broker, as the thing of --thing-name')
    .option('--ca <file>', "the authority that signed the broker's certificate")
    .option('--cert <file>', "the device's certificate, with --key")
    .option('--key <file>', "the private key of the device's certificate")
    .option('--thing-name <name>', 'the name of the device', 'local-thing')
    .option('--region <region>', "the device's region", 'us-east-1')
    .addOption(new Option('--grace <time>', 'how long the component may take to end').argParser(parseDuration).default(5_000, '5s'))
    .passThroughOptions()
    .addHelpText('after', EXAMPLES)
    .action(async (command: readonly string[], options: DevOptions) => {
      const { runDev } = await import('../dev/run-dev.js');
      await runDev(cli, command, options);
    });
}
