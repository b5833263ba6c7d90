import { Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import type { InitOptions } from '../init/run-init.js';

const EXAMPLES = `
Examples:
  greengrass-rx init my-component
  greengrass-rx init my-component --name com.acme.OvenWatch --profile lite
  greengrass-rx init .                                   # into the folder you are in, which must be empty

It writes files and does nothing else: it installs nothing, and overwrites nothing.`;

export function addInit(root: Command, cli: Cli): void {
  root
    .command('init')
    .summary('begin a component: a project that runs and is tested')
    .description('Writes a new project: a component, its tests, its recipe, and what goes on around it while it runs at home.')
    .argument('<folder>', 'where to; made if it is not there')
    .option('--name <component>', "the component's name (default: com.example. and the folder's name)")
    .addOption(new Option('-p, --profile <profile>', 'the nucleus to develop against').choices(['classic', 'lite']).default('classic'))
    .option('--bucket <name>', 'S3 bucket of the artifacts, to which GDK adds region and account', 'greengrass-components')
    .option('--region <region>', 'where that bucket is', 'us-east-1')
    .option('--no-eslint', 'without ESLint and the rules of greengrass-rx')
    .option('--package <path>', 'depend on this tarball or folder of greengrass-rx instead of the registry')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: InitOptions) => {
      const { runInit } = await import('../init/run-init.js');
      await runInit(cli, folder, options);
    });
}
