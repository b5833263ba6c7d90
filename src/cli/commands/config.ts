import { Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import type { ConfigOptions } from '../control/run-config.js';
import { parseCount } from '../parse-values.js';
import { addReachOptions } from '../reach/reach.js';

const EXAMPLES = `
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
    .addHelpText('after', EXAMPLES);
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
    const { getConfig } = await import('../control/run-config.js');
    await getConfig(cli, path, options);
  });
  atDev(
    whose(config.command('set').description('merge a value into it').argument('<path>', PATH).argument('<value>', 'JSON, or a text')),
  ).action(async (path: string, value: string, options: ConfigOptions) => {
    const { setConfig } = await import('../control/run-config.js');
    await setConfig(cli, path, value, options);
  });
  atDev(whose(config.command('reset').description("put the recipe's defaults back").argument('<path>', PATH))).action(
    async (path: string, options: ConfigOptions) => {
      const { resetConfig } = await import('../control/run-config.js');
      await resetConfig(cli, path, options);
    },
  );
}

export function addUpdate(root: Command, cli: Cli): void {
  const start =
    (ask: 'update' | 'restart') =>
    async (options: Pick<ConfigOptions, 'nucleus'>): Promise<void> => {
      const { askForStart } = await import('../control/run-config.js');
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
