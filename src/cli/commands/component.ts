import { type Command, InvalidArgumentError, Option } from 'commander';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import type { BuildOptions } from '../artifact/run-build.js';
import { type Cli, repeated } from '../cli.js';
import type { CloudCommandOptions, DiagramCommandOptions, RecipeCommandOptions } from '../component/derive.js';
import type { RunCommandOptions } from '../component/load-component.js';
import type { MarbleTestCommandOptions } from '../component/run-marble-test.js';
import type { InitOptions } from '../init/run-init.js';
import { TEMPLATES } from '../init/templates.js';

const RUN_EXAMPLES = `
Examples:
  greengrass-rx run dist/component.js
  GREENGRASS_RX_CONFIG='{"deadband": 1}' greengrass-rx run dist/component.js
  greengrass-rx run dist/component.js --health health.json

Exit codes (the full table is in docs/component.md):
  0   done, or told to stop      75  a stream failed; a restart may help
  69  a stream failed for good   76  the token was refused
  70  a bug: something threw     77  not allowed by the policies
  72  completed, as a startup    78  the configuration does not fit`;

export function addRun(root: Command, cli: Cli): void {
  root
    .command('run')
    .summary('run a component, as a device does')
    .description('Runs the component that a module exports, to its end: configuration, log, health, drain on SIGTERM, exit code.')
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .option('--health <file>', 'write its health to this file (default: the variable GREENGRASS_RX_HEALTH_FILE, or else none)')
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (module: string, options: RunCommandOptions) => {
      const { runModule } = await import('../component/load-component.js');
      await runModule(cli, module, options);
    });
}

const RECIPE_EXAMPLES = `
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
    .addHelpText('after', RECIPE_EXAMPLES)
    .action(async (module: string, options: RecipeCommandOptions) => {
      const { runRecipe } = await import('../component/derive.js');
      await runRecipe(cli, module, options);
    });
}

/** Reads a JSON object. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parsedJson(text);
  if (isJsonObject(value)) return value;
  throw new InvalidArgumentError('Give a JSON object, such as \'{"deadband": 1}\'.');
}

const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

function parseSize(text: string): number {
  const [, number, unit = 'MiB'] = /^(\d+(?:\.\d+)?)\s*(KiB|MiB|GiB)?$/.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError('Give a size such as 64MiB.');
  return bytes;
}

const DIAGRAM_EXAMPLES = `
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
        'json',
      ]),
    )
    .option('--out <file>', 'write it to this file (default: stdout)')
    .addOption(new Option('--direction <direction>', 'where it leads: down for a narrow page').choices(['right', 'down']).default('right'))
    .option('--live <file>', 'the health file of a running component, for numbers')
    .addOption(new Option('--config <json>', 'configuration over the defaults').argParser(parseObject))
    .addHelpText('after', DIAGRAM_EXAMPLES)
    .action(async (module: string, options: DiagramCommandOptions) => {
      const { runDiagram } = await import('../component/derive.js');
      await runDiagram(cli, module, options);
    });
}

const BUILD_EXAMPLES = `
Examples:
  greengrass-rx build dist/component.js
  greengrass-rx build dist/component.js --add models/oven.onnx
  greengrass-rx build dist/component.js --include aws-crt       # for the transport crt on the device

It writes artifact/component.mjs, its source map, the licences of what is in it, and the archive that the derived
recipe names. The same code gives the same archive, byte for byte. It needs rolldown in the project.`;

export function addBuild(root: Command, cli: Cli): void {
  root
    .command('build')
    .summary('make one file of a component, and the archive for a device')
    .description('Bundles the component that a module exports with all it needs into one minified file that Node runs, and packs it.')
    .argument('<module>', 'the module whose default export is the component, such as dist/component.js')
    .option('--out <folder>', 'where to; other files in it are kept', 'artifact')
    .addOption(repeated('--include <package>', 'put a package that cannot be bundled, such as one with native code, into the archive'))
    .addOption(repeated('--add <path>', 'put a file or a folder of the project into the archive, by that path'))
    .addHelpText('after', BUILD_EXAMPLES)
    .action(async (module: string, options: BuildOptions) => {
      const { runBuild } = await import('../artifact/run-build.js');
      await runBuild(cli, module, options);
    });
}

const CLOUD_EXAMPLES = `
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
    .addHelpText('after', CLOUD_EXAMPLES)
    .action(async (module: string, options: CloudCommandOptions) => {
      const { runCloud } = await import('../component/derive.js');
      await runCloud(cli, module, options);
    });
}

const MARBLE_TEST_EXAMPLES = `
Examples:
  greengrass-rx marble-test dist/component.js --import ../src/component.js < night.ndjson > test/night.test.ts

The recording is one of recordTo, or what the page of dev --ui has seen. What is expected is what the
component does with it in virtual time: the test passes as it is, and says what should be otherwise
once you have changed that.`;

export function addMarbleTest(root: Command, cli: Cli): void {
  root
    .command('marble-test')
    .summary('write a marble test of what a component does with a recording')
    .description('Plays recorded messages from stdin to the component in virtual time, and writes a test that draws both.')
    .argument('<module>', 'the compiled module whose default export is the component, such as dist/component.js')
    .option('--import <path>', 'what the test imports the component from (default: the module)')
    .option('--name <name>', 'the name of the test', 'as recorded')
    .addOption(new Option('--config <json>', 'configuration over the defaults').argParser(parseObject))
    .addOption(new Option('-p, --profile <profile>', 'the nucleus of the test').choices(['classic', 'lite']).default('classic'))
    .addHelpText('after', MARBLE_TEST_EXAMPLES)
    .action(async (module: string, options: MarbleTestCommandOptions) => {
      const { runMarbleTest } = await import('../component/run-marble-test.js');
      await runMarbleTest(cli, module, options);
    });
}

const TEMPLATE_WIDTH = Math.max(...Object.keys(TEMPLATES).map(({ length }) => length));
const TEMPLATE_LINES = Object.entries(TEMPLATES).map(([name, { summary }]) => `  ${name.padEnd(TEMPLATE_WIDTH)}  ${summary}`);

const INIT_EXAMPLES = `
Templates, each a whole small project:
${TEMPLATE_LINES.join('\n')}

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
    .addHelpText('after', INIT_EXAMPLES)
    .action(async (folder: string, options: InitOptions) => {
      const { runInit } = await import('../init/run-init.js');
      await runInit(cli, folder, options);
    });
}
