import { basename, join } from 'node:path';
import ts from 'typescript';

/**
 * Type-checks programs against the package installed beside them and emits them as `.mjs`. Gives the problems by the
 * file they are in; the line of a problem is the line in the program. Throws at a problem that no program is to blame for.
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
  for (const { file, start = 0, code, messageText } of ts.getPreEmitDiagnostics(program)) {
    const problem = `TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    const name = file === undefined ? undefined : basename(file.fileName);
    if (file === undefined || name === undefined || !files.includes(name))
      throw new Error(`${file?.fileName ?? 'the compiler'}: ${problem}`);
    problems.set(name, [...(problems.get(name) ?? []), `line ${file.getLineAndCharacterOfPosition(start).line + 1}: ${problem}`]);
  }
  program.emit();
  return problems;
}
