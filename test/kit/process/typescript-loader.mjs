// Lets plain Node run the sources: `import './x.js'` finds `x.ts`, and types are stripped. What has been stripped once is kept by its
// content: of twenty processes that load the same hundred files, none but the first compiles, nor loads the compiler.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { isMainThread, threadId } from 'node:worker_threads';

const KEPT = fileURLToPath(new URL('../../../node_modules/.cache/typescript-loader/', import.meta.url));

if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  const source =
    specifier.startsWith('.') && specifier.endsWith('.js') ? new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL) : undefined;
  return source !== undefined && existsSync(source) ? { url: source.href, format: 'module', shortCircuit: true } : next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const kept = `${KEPT}${createHash('sha256').update(text).digest('hex')}.js`;
  const source = await readFile(kept, 'utf8').catch(() => stripped(text, kept));
  return { format: 'module', source, shortCircuit: true };
}

async function stripped(text, kept) {
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  await mkdir(KEPT, { recursive: true });
  // Whole or not at all: others read it meanwhile.
  const written = `${kept}.${process.pid}.${threadId}`;
  await writeFile(written, outputText);
  await rename(written, kept);
  return outputText;
}
