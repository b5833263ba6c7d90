import { type Command, InvalidArgumentError, Option } from 'commander';
import { isJsonObject } from '../../shared/check-argument.js';
import type { Cli } from '../cli.js';
import type { RecipeCommandOptions } from '../component/run-recipe.js';

const EXAMPLES = `
Examples:
  greengrass-rx recipe dist/component.js --out recipe.yaml
  greengrass-rx recipe dist/component.js --check recipe.yaml      # in CI: exit code 1 if it no longer fits the code
  greengrass-rx recipe dist/component.js --lifecycle startup --out recipe.yaml   # a deployment that breaks it is rolled back
  greengrass-rx recipe dist/component.js --gdk . --bucket my-components --region eu-west-1`;

export function addRecipe(root: Command, cli: Cli): void {
  root
    .command('recipe')
    .summary("derive a component's recipe, or check one")
    .description('Subscribes to the component in virtual time, without a nucleus, and writes the recipe with the least policies it needs.')
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .addOption(
      new Option('--format <format>', 'of the recipe (default: that of the file of --out, or else yaml)').choices(['yaml', 'json']),
    )
    .option('--out <file>', 'write the recipe to this file (default: stdout)')
    .addOption(
      new Option(
        '--lifecycle <step>',
        'run: RUNNING as soon as its process starts; startup: the nucleus waits until the component says so, and a deployment that breaks it fails (default: run; with --check that of the file)',
      ).choices(['run', 'startup']),
    )
    .addOption(new Option('--check <file>', 'compare this recipe with the code, and write nothing').conflicts(['out', 'gdk']))
    .option('--gdk <folder>', 'write gdk-config.json and gdk-build.sh into this folder; needs --bucket and --region')
    .option('--bucket <name>', 'S3 bucket of the artifacts, without region and account')
    .option('--region <region>', 'such as eu-west-1')
    .addOption(new Option('--config <json>', 'configuration over the defaults').argParser(parseObject))
    .addOption(new Option('--memory <size>', 'what buffers may come to, such as 64MiB').argParser(parseSize))
    .addHelpText('after', EXAMPLES)
    .action(async (module: string, options: RecipeCommandOptions) => {
      const { runRecipe } = await import('../component/run-recipe.js');
      await runRecipe(cli, module, options);
    });
}

/** Reads a JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('Give a JSON object, such as \'{"deadband": 1}\'.');
}

const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

function parseSize(text: string): number {
  const [, number, unit = 'MiB'] = /^(\d+(?:\.\d+)?)\s*(KiB|MiB|GiB)?$/.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError('Give a size such as 64MiB.');
  return bytes;
}
