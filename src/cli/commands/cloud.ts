import { type Command, Option } from 'commander';
import type { Cli } from '../cli.js';
import type { CloudCommandOptions } from '../component/run-cloud.js';
import { parseObject } from './recipe.js';

const EXAMPLES = `
Examples:
  greengrass-rx cloud dist/component.js --out cloud/
  greengrass-rx cloud dist/component.js --check cloud/     # in CI: exit code 1 if the files no longer fit the code`;

export function addCloud(root: Command, cli: Cli): void {
  root
    .command('cloud')
    .summary('derive the cloud side of a component, or check it')
    .description(
      'Subscribes to the component in virtual time, without a nucleus, and writes for each topic it publishes to: the rule with its actions (template.yaml, for CloudFormation), the JSON Schema of the messages, and tables for Apache Flink.',
    )
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .addOption(new Option('--out <folder>', 'write the files into this folder').default('cloud', 'cloud'))
    .addOption(new Option('--check <folder>', 'compare the files of this folder with the code, and write nothing').conflicts('out'))
    .addOption(new Option('--config <json>', 'configuration over the defaults').argParser(parseObject))
    .addHelpText('after', EXAMPLES)
    .action(async (module: string, options: CloudCommandOptions) => {
      const { runCloud } = await import('../component/run-cloud.js');
      await runCloud(cli, module, options);
    });
}
