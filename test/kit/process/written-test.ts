import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript';
import { expect } from 'vitest';
import { temporaryFolder } from './run-cli.js';

/** The marble test that the page of `dev --ui` makes of what it has seen. Fails with what the page says where it makes none. */
export async function copiedTest(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Copy as a marble test' }).click();
  const answer = page.getByRole('status').getByText(/^(Done: the test|Not done: )/);
  expect(await answer.textContent()).toMatch(/^Done: the test/);
  return (await page.locator('pre.test').textContent()) ?? '';
}

/** What a marble test that was written for a module says when it is run as it is: `(it passed)`, or what it complains of. */
export async function complaintOf(test: string, module: string): Promise<string> {
  const file = join(temporaryFolder(), 'seen.mjs');
  const { outputText } = transpileModule(test, { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 } });
  const text = outputText
    .replace(
      /import \{ test \} from 'vitest';/,
      'export let said = "(it was not run)"; const test = (_name, run) => { try { run(); said = "(it passed)"; } catch (error) { said = error.message; } };',
    )
    .replace(/import component from '[^\n]*';/, `import component from '${pathToFileURL(module).href}';`);
  writeFileSync(file, text);
  const { said } = (await import(file)) as { readonly said: string };
  return said;
}
