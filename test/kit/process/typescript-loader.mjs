// Lets plain Node run the sources: `import './x.js'` finds `x.ts`, and types are stripped. What has been stripped once is kept by its
// content: of twenty processes that load the same hundred files, none but the first compiles, nor loads the compiler.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { isMainThread, threadId } from 'node:worker_threads';

const KEPT = fileURLToPath(new URL('../../../node_modules/.cache/typescript-loader/', import.meta.url));

// Where Node can, in the thread itself: another one for it takes as long as all else that such a process loads.
if (isMainThread && modules.registerHooks !== undefined) modules.registerHooks({ resolve, load });
else if (isMainThread) modules.register(import.meta.url);

export function resolve(specifier, context, next) {
  const source =
    specifier.startsWith('.') && specifier.endsWith('.js') ? new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL) : undefined;
  return source !== undefined && existsSync(source) ? { url: source.href, format: 'module', shortCircuit: true } : next(specifier, context);
}

export function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = readFileSync(fileURLToPath(url), 'utf8');
  const kept = `${KEPT}${createHash('sha256').update(text).digest('hex')}.js`;
  const source = existsSync(kept) ? readFileSync(kept, 'utf8') : stripped(text, kept);
  return { format: 'module', source, shortCircuit: true };
}

function stripped(text, kept) {
  const ts = modules.createRequire(import.meta.url)('typescript');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  mkdirSync(KEPT, { recursive: true });
  // Whole or not at all: others read it meanwhile.
  const written = `${kept}.${process.pid}.${threadId}`;
  writeFileSync(written, outputText);
  renameSync(written, kept);
  return outputText;
}
