import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript';
import { temporaryFolder } from './run-cli.js';

const built = (path: string): string => new URL(`../../../dist/${path}`, import.meta.url).href;

/** What a marble test that was written for a module says when it is run as it is: `(it passed)`, or what it complains of. */
export async function complaintOf(test: string, module: string): Promise<string> {
  const file = join(temporaryFolder(), 'seen.mjs');
  const { outputText } = transpileModule(test, { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 } });
  const text = outputText
    .replace(/'greengrass-rx\/component'/, `'${built('component/index.js')}'`)
    .replace(/'greengrass-rx\/testing'/, `'${built('testing/index.js')}'`)
    .replace(
      /import \{ test \} from 'vitest';/,
      'export let said = "(it was not run)"; const test = (_name, run) => { try { run(); said = "(it passed)"; } catch (error) { said = error.message; } };',
    )
    .replace(/import component from '[^\n]*';/, `import component from '${pathToFileURL(module).href}';`);
  writeFileSync(file, text);
  const { said } = (await import(file)) as { readonly said: string };
  return said;
}
