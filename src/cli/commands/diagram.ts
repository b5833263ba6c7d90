import { type Command, Option } from 'commander';
import type { Cli } from '../cli.js';
import type { DiagramCommandOptions } from '../component/run-diagram.js';
import { parseObject } from './recipe.js';

const EXAMPLES = `
Examples:
  greengrass-rx diagram dist/component.js                         # Mermaid, for a README
  greengrass-rx diagram dist/component.js --out component.svg
  greengrass-rx diagram dist/component.js --live health.json      # with the numbers of the component that writes this file`;

export function addDiagram(root: Command, cli: Cli): void {
  root
    .command('diagram')
    .summary('draw a component')
    .description('Subscribes to the component in virtual time, without a nucleus, and draws its topics and stages.')
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .addOption(
      new Option('--format <format>', 'what to write (default: svg where the file of --out ends so, or else mermaid)').choices([
        'mermaid',
        'svg',
      ]),
    )
    .option('--out <file>', 'write it to this file (default: stdout)')
    .addOption(new Option('--direction <direction>', 'where it leads: down for a narrow page').choices(['right', 'down']).default('right'))
    .option('--live <file>', 'the health file of a running component, for numbers')
    .addOption(new Option('--config <json>', 'configuration over the defaults').argParser(parseObject))
    .addHelpText('after', EXAMPLES)
    .action(async (module: string, options: DiagramCommandOptions) => {
      const { runDiagram } = await import('../component/run-diagram.js');
      await runDiagram(cli, module, options);
    });
}
