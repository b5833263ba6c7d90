import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { timeLimit } from '../../../scripts/time-limit.js';

const SOURCE = fileURLToPath(new URL('../../../src/', import.meta.url));
/** `ipc`, and the words that all share: it stands on nothing else. And the other door to aws-crt, which stands on `ipc`. */
const FOLDERS = /^((ipc|shared)\/.*|local\/broker\/crt-mqtt)\.ts$/;
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  /** Set when it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** What a process may take: `timeout` in milliseconds. */
export interface Limits {
  readonly timeout?: number | undefined;
  readonly fileDescriptors?: number | undefined;
}

/** A folder in which scripts of their own process import the modules of `ipc` from `./ipc/<room>/<name>.js`. */
export interface NodeFolder {
  /** Runs an ES module with these arguments and waits for its end. One that does not end by itself is killed after `timeout` ms. */
  readonly run: (script: string, args: readonly string[], limits?: Limits) => Promise<Ended>;
  readonly remove: () => Promise<void>;
}

/** Whether a process of its own exits, and with what, cannot be seen from inside the test's: `ipc` is compiled for plain Node. */
export async function nodeFolder(awsCrt: 'installed' | 'missing' | 'without a binary' = 'installed'): Promise<NodeFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'ipc-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of await readdir(SOURCE, { recursive: true })) {
    if (!FOLDERS.test(file)) continue;
    const { outputText } = ts.transpileModule(await readFile(join(SOURCE, file), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
    });
    const compiled = join(folder, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(compiled), { recursive: true });
    await writeFile(compiled, outputText);
  }
  if (awsCrt === 'installed') await symlink(MODULES, join(folder, 'node_modules'), 'junction');
  if (awsCrt === 'without a binary') {
    await mkdir(join(folder, 'node_modules', 'aws-crt'), { recursive: true });
    // As aws-crt's own dist/native/binding.js does.
    await writeFile(
      join(folder, 'node_modules', 'aws-crt', 'index.js'),
      "throw new Error('AWS CRT binary not present in any of the following locations');",
    );
  }
  return {
    run: (script, args, { timeout = timeLimit() * 0.8, fileDescriptors } = {}) =>
      new Promise(resolve => {
        const options = { cwd: folder, timeout, killSignal: 'SIGKILL' } as const;
        const nodeArgs = ['--disable-warning=NodeDeprecationWarning', '--input-type=module', '--eval', script, '--', ...args];
        const [file, fileArgs] =
          fileDescriptors === undefined
            ? [process.execPath, nodeArgs]
            : ['/bin/sh', ['-c', `ulimit -n ${fileDescriptors} && exec "$0" "$@"`, process.execPath, ...nodeArgs]];
        const child = execFile(file, fileArgs, options, (_, stdout, stderr) => {
          resolve({ code: child.exitCode, signal: child.signalCode, lines: stdout.split('\n').filter(line => line !== ''), stderr });
        });
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
