import type { Command } from 'commander';
import type { BuildOptions } from '../artifact/run-build.js';
import type { Cli } from '../cli.js';
import { repeated } from '../parse-values.js';

const EXAMPLES = `
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
    .option('--out <folder>', 'where to; what is there already is kept, but for files of the same names', 'artifact')
    .addOption(repeated('--include <package>', 'put a package that cannot be bundled, such as one with native code, into the archive'))
    .addOption(repeated('--add <path>', 'put a file or a folder of the project into the archive, by that path'))
    .addHelpText('after', EXAMPLES)
    .action(async (module: string, options: BuildOptions) => {
      const { runBuild } = await import('../artifact/run-build.js');
      await runBuild(cli, module, options);
    });
}
