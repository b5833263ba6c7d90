import { Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import type { InitOptions } from '../init/run-init.js';
import { TEMPLATES } from '../init/templates.js';

const width = Math.max(...Object.keys(TEMPLATES).map(({ length }) => length));
const KINDS = Object.entries(TEMPLATES).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);

const EXAMPLES = `
Templates, each a whole small project:
${KINDS.join('\n')}

Examples:
  greengrass-rx init my-component
  greengrass-rx init oven-bridge --template bridge
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
    .addOption(new Option('-t, --template <template>', 'what to begin with').choices(Object.keys(TEMPLATES)).default('starter'))
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
