import { type Command, Option } from 'commander';
import { type Cli, parseCount, parseDuration, parsePort, repeated } from '../cli.js';
import type { ConfigOptions } from '../reach/run-config.js';
import type { DevOptions } from '../dev/run-dev.js';
import type { DoctorOptions } from '../doctor/run-doctor.js';
import { addReachOptions } from '../reach/reach.js';

const DEV_EXAMPLES = `
Examples:
  greengrass-rx dev --recipe recipe.yaml -- node dist/component.js
  greengrass-rx dev --recipe recipe.yaml --profile lite --watch -- python3 component.py
  greengrass-rx dev --recipe a.yaml --recipe b.yaml -- node a.js      # b is started elsewhere, or not at all
  greengrass-rx dev --recipe recipe.yaml                              # prints the environment; start it in a debugger
  greengrass-rx dev --chaos '5s offline, 8s online, 10s restart nucleus' -- node component.js
  greengrass-rx dev --ui -- greengrass-rx run dist/component.js       # and open the page that it names
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
    .option('--compile <command>', "what compiles on every save, such as 'tsc --watch': run first, and implies --watch")
    .option('--chaos <script>', "faults: a script's path, or a timeline such as '5s offline, 8s online'")
    .option('--ui', 'a page for the browser: the pipeline, topics, faults; it is at the address that is printed')
    .addOption(new Option('--ui-port <port>', 'port of the page on 127.0.0.1 (default: a free one); implies --ui').argParser(parsePort))
    .option('--replay <file>', 'the page of a recording: of what dev --json has printed, or of recordTo')
    .addOption(
      new Option(
        '--format <format>',
        'of the log: pretty for people, or a line of JSON for each event (default: pretty on a terminal, json elsewhere)',
      ).choices(['pretty', 'json']),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
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
    .addHelpText('after', DEV_EXAMPLES)
    .action(async (command: readonly string[], options: DevOptions) => {
      const { runDev } = await import('../dev/run-dev.js');
      await runDev(cli, command, options);
    });
}

const CONFIG_EXAMPLES = `
Examples:
  greengrass-rx config get                            # all of it, policies too
  greengrass-rx config get /config/deadband
  greengrass-rx config set /config/deadband 2         # as a deployment that merges it; JSON, or else a text
  greengrass-rx config reset /config                  # the recipe's defaults again

set and reset are deployments to the dev that runs in another terminal: a component that validates is asked first,
and one that follows its configuration goes on with the new one. get also works on a device, where a component runs it.`;

const PATH = 'such as /config/deadband';

export function addConfig(root: Command, cli: Cli): void {
  const config = root
    .command('config')
    .summary("read and change a component's configuration while dev runs")
    .description("Reads a component's configuration at its nucleus, or has dev deploy another one.")
    .addHelpText('after', CONFIG_EXAMPLES);
  const whose = (command: Command): Command =>
    command.option('--component <name>', "whose configuration (default: that of dev's first component)");
  addReachOptions(
    whose(
      config
        .command('get')
        .description('print what is at a place, as JSON; a single value in an object, by its key')
        .argument('[path]', 'such as /config'),
    ),
  ).action(async (path: string | undefined, options: ConfigOptions) => {
    const { getConfig } = await import('../reach/run-config.js');
    await getConfig(cli, path, options);
  });
  atDev(
    whose(config.command('set').description('merge a value into it').argument('<path>', PATH).argument('<value>', 'JSON, or a text')),
  ).action(async (path: string, value: string, options: ConfigOptions) => {
    const { setConfig } = await import('../reach/run-config.js');
    await setConfig(cli, path, value, options);
  });
  atDev(whose(config.command('reset').description("put the recipe's defaults back").argument('<path>', PATH))).action(
    async (path: string, options: ConfigOptions) => {
      const { resetConfig } = await import('../reach/run-config.js');
      await resetConfig(cli, path, options);
    },
  );
}

export function addUpdate(root: Command, cli: Cli): void {
  const start =
    (ask: 'update' | 'restart') =>
    async (options: Pick<ConfigOptions, 'nucleus'>): Promise<void> => {
      const { askForStart } = await import('../reach/run-config.js');
      await askForStart(cli, ask, options);
    };
  atDev(
    root
      .command('update')
      .summary('announce an update to the components of dev')
      .description(
        'Announces an update as a deployment of the cloud does, waits until the components let it begin, and starts the component again. Greengrass Lite announces nothing.',
      ),
  ).action(start('update'));
  atDev(
    root
      .command('restart')
      .summary('start the component of dev again')
      .description('Ends the component that dev runs, and starts it again.'),
  ).action(start('restart'));
}

function atDev(command: Command): Command {
  return command.addOption(new Option('--nucleus <pid>', 'the dev to talk to, where several run').argParser(parseCount));
}

const DOCTOR_EXAMPLES = `
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
    .addHelpText('after', DOCTOR_EXAMPLES);
  addReachOptions(command).action(async (options: DoctorOptions) => {
    const { runDoctor } = await import('../doctor/run-doctor.js');
    await runDoctor(cli, options);
  });
}
