import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as fp from '../../src/fp.js';
import * as greengrassRx from '../../src/index.js';
import * as testing from '../../src/testing/index.js';

const guide = readFileSync(fileURLToPath(new URL('../../docs/testing.md', import.meta.url)), 'utf8');

/** What a program of the guide may import. Its tests run when they are defined. */
const MODULES: Readonly<Record<string, unknown>> = {
  'greengrass-rx': greengrassRx,
  'greengrass-rx/fp': fp,
  'greengrass-rx/testing': testing,
  'node:assert': assert,
  'node:test': { test: (_name: string, run: () => void) => run() },
  rxjs,
};

/** Runs a program of the guide, and gives what its first failing test says. */
function complaintOf(program: string): string {
  const { outputText } = ts.transpileModule(program, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, esModuleInterop: true },
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program of our own guide
  const run = new Function('require', 'exports', outputText) as (require: (name: string) => unknown, exports: object) => void;
  const load = (name: string): unknown => {
    if (!Object.hasOwn(MODULES, name)) throw new Error(`The guide imports ${name}, which this test does not know.`);
    return MODULES[name];
  };
  try {
    run(load, {});
  } catch (error) {
    if (error instanceof testing.MarbleFailure) return error.message;
    throw error;
  }
  return '(it passed)';
}

/** A program with a change to it, and what is shown below. */
interface Shown {
  readonly program: string;
  readonly instead: string;
  readonly written: string;
  readonly printed: string;
}

const FENCES =
  /^```ts\n(?<program>.*?)^```$|^<!-- instead of: (?<instead>.*?) with: (?<written>.*?) -->\n+```text\n(?<printed>.*?)\n```$/gms;

function shownIn(text: string): readonly Shown[] {
  let latest = '';
  return [...text.matchAll(FENCES)].flatMap(({ groups = {} }) => {
    const { program, instead = '', written = '', printed = '' } = groups;
    if (program !== undefined) latest = program;
    return program === undefined ? [{ program: latest, instead, written, printed }] : [];
  });
}

describe('the guide to testing', () => {
  const shown = shownIn(guide);

  test('shows failures', () => {
    expect(shown.length).toBeGreaterThanOrEqual(4);
    // Every fence of output is one that is checked here.
    expect(guide.match(/^```text$/gm)).toHaveLength(shown.length);
  });

  test.each(shown)('$instead, written as $written, prints what it shows', ({ program, instead, written, printed }) => {
    expect(program.split(instead)).toHaveLength(2);
    expect(complaintOf(program)).toBe('(it passed)');
    expect(complaintOf(program.replace(instead, written))).toBe(printed);
  });
});
