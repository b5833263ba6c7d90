import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** More than an editor shows without scrolling is not read. */
const MAX_LINES = 7;

const ROOT = process.cwd();

/** The programs of README, as files, and those of the examples. */
function programs(): ReadonlyMap<string, string> {
  const readme = [...readFileSync('README.md', 'utf8').matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)].map(
    ([, text = ''], i) => [join(ROOT, `test/docs/readme-${i}.ts`), text] as const,
  );
  const components = readdirSync('examples', { recursive: true, encoding: 'utf8' })
    .filter(name => /(component|pipeline|after)\.ts$/.test(name))
    .map(name => [join(ROOT, 'examples', name), readFileSync(`examples/${name}`, 'utf8')] as const);
  return new Map([...readme, ...components]);
}

/** What an editor asks about files that need not be on the disk. */
function languageService(files: ReadonlyMap<string, string>): ts.LanguageService {
  const { config } = ts.readConfigFile('tsconfig.json', name => ts.sys.readFile(name)) as { readonly config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, ROOT);
  const readFile = (name: string): string | undefined => files.get(name) ?? ts.sys.readFile(name);
  return ts.createLanguageService({
    getScriptFileNames: () => [...files.keys()],
    getScriptVersion: () => '1',
    getScriptSnapshot: name => {
      const text = readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => ROOT,
    getCompilationSettings: () => options,
    getDefaultLibFileName: chosen => ts.getDefaultLibFilePath(chosen),
    fileExists: name => files.has(name) || ts.sys.fileExists(name),
    readFile,
  });
}

/** Whether a name is declared here: by a variable, a parameter, or a member such as a branch. */
function isDeclared(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  return (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}

test('an editor shows each pipeline of README and of the examples by names, in a few lines', () => {
  const files = programs();
  const service = languageService(files);
  const shown = [...files.keys()].flatMap(file => {
    const source = service.getProgram()?.getSourceFile(file);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (isDeclared(node)) {
        const text = ts.displayPartsToString(service.getQuickInfoAtPosition(file, node.getStart())?.displayParts);
        if (/^[^<]*?: (\([^\n]*\) => )?Observable(Either)?</.test(text)) found.push(text);
      }
      ts.forEachChild(node, visit);
    };
    if (source !== undefined) visit(source);
    return found;
  });
  // Most are there: README's two, the branches of the examples, and what is piped within.
  expect(shown.length).toBeGreaterThan(20);
  expect(shown.filter(text => text.split('\n').length > MAX_LINES)).toEqual([]);
  // What a message has more than any other is in its name.
  expect(shown.filter(text => text.includes('MqttMessage & {') || text.includes('LocalMessage & {'))).toEqual([]);
  // Of a handler of commands the failures that it gives, and not how it gives them.
  const answered = shown.flatMap(text => /RespondError<(.*), Responded</s.exec(text)?.[1] ?? []);
  expect(answered.length).toBeGreaterThan(0);
  expect(answered.filter(text => /(Promise|Observable|Either)</.test(text))).toEqual([]);
  service.dispose();
});
