import { basename, join } from 'node:path';
import ts from 'typescript';

/**
 * Type-checks programs against the package installed beside them and emits them as `.mjs`. Gives the problems by the
 * file they are in; the line of a problem is the line in the program.
 */
export function compileExamples(folder: string, files: readonly string[], typeRoot: string): ReadonlyMap<string, readonly string[]> {
  const program = ts.createProgram({
    rootNames: files.map(file => join(folder, file)),
    options: {
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      // The package check compiles the declarations themselves.
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [typeRoot],
    },
  });
  const problems = new Map<string, string[]>();
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const { file, start = 0 } = diagnostic;
    const name = file === undefined ? '' : basename(file.fileName);
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const text = `line ${line}: TS${diagnostic.code} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
    problems.set(name, [...(problems.get(name) ?? []), text]);
  }
  program.emit();
  return problems;
}
