import { relative } from 'node:path';
import { inspect, stripVTControlCharacters } from 'node:util';
import type { TestError } from 'vitest';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** A failure, where it was, and the lines that its errors came to. */
interface Failure {
  readonly what: string;
  readonly lines: readonly string[];
}

interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

type Leak = Vitest['state']['leakSet'] extends Set<infer T> ? T : never;

/**
 * Resources that native modules hold from their import on, or for a while after they are closed, depending on the version of Node:
 * aws-crt's logger and callbacks, and the threads of the bundler that tests use. That we close aws-crt's connections is tested where they
 * are opened.
 */
const ofNativeModules = /^(aws_|napi_rs_|CustomGC$)/;

/** Node's WritableStream makes promises for an abort that never comes; they are still pending when the stream is done. */
const ofWritableStreams = /at new Promise \(<anonymous>\)\n(?: +at [^\n]*node:internal[^\n]*\n)* +at new WritableStream \(node:internal/;

/** Playwright makes a promise for each request to its browser; they are still pending when the browser has gone. */
const ofPlaywright = /[/\\]node_modules[/\\]playwright-core[/\\]/;

const ofVitestOrNode = /\(node:|[/\\]node_modules[/\\]@?vitest[/\\]/;

/** The seed of a property is in the second line of its error, a counterexample in the third. */
const LINES_OF_MESSAGE = 8;
const LINES_OF_DIFFERENCE = 20;
const FRAMES_OF_LEAK = 3;
const LINE_LENGTH = 300;
const LISTED = 50;

/**
 * Ends a run with what failed or leaked, of all of them at most so many, and with `N passed, N failed, N skipped` on a line of its own:
 * where a log is cut, its end is what remains. Failed are tests, suites and files, and each leak and each error outside of any test counts
 * as one more. Makes a run that leaks fail: vitest lists leaked servers, timers and sockets but still exits with 0.
 */
export class ClosingLineReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly TestError[]): void {
    const { passed, skipped, failures } = outcomeOf(modules);
    const leaks = [...(this.#vitest?.state.leakSet ?? [])].filter(isOurs).map(asFailure);
    if (leaks.length > 0) process.exitCode = 1;
    const all = [...failures, ...unhandled.map(error => failureAt('outside of any test', error)), ...leaks];
    for (const failure of all.slice(0, LISTED)) console.log(`\n${asText(failure)}`);
    if (all.length > LISTED) console.log(`\nand ${all.length - LISTED} more`);
    console.log(`\n${passed} passed, ${all.length} failed, ${skipped} skipped`);
  }
}

function isOurs({ type, stack }: Leak): boolean {
  return !ofNativeModules.test(type) && !ofWritableStreams.test(stack) && !ofPlaywright.test(stack);
}

function asFailure({ type, filename, stack }: Leak): Failure {
  // Without the frames of vitest and of Node, which are in the stack of every timer and socket.
  const frames = stack.split('\n').filter(line => /^ +at .*:\d+:\d+\)?$/.test(line) && !ofVitestOrNode.test(line));
  return { what: `leaked ${type}: ${relative(process.cwd(), filename)}`, lines: first(frames.join('\n'), FRAMES_OF_LEAK) };
}

function failureAt(what: string, ...errors: readonly TestError[]): Failure {
  const lines = errors.flatMap(({ message, diff = '', stacks: [frame] = [], ...other }) => [
    // What was thrown may be no Error: then it has no message, against the declaration of the type.
    ...first(typeof message === 'string' ? message : inspect(other), LINES_OF_MESSAGE),
    ...first(diff, LINES_OF_DIFFERENCE),
    ...(frame === undefined ? [] : [`at ${relative(process.cwd(), frame.file)}:${frame.line}:${frame.column}`]),
  ]);
  return { what, lines };
}

function asText({ what, lines }: Failure): string {
  return [`failed: ${what}`, ...lines.map(line => `  ${line}`)].join('\n');
}

/** The first lines of a text that say something. */
function first(text: string, lines: number): readonly string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(0, lines)
    .map(line => line.slice(0, LINE_LENGTH));
}

function outcomeOf(modules: readonly TestModule[]): Outcome {
  let passed = 0;
  let skipped = 0;
  const failures: Failure[] = [];
  for (const module of modules) {
    const file = module.relativeModuleId;
    // A module that could not be loaded has an error of its own and perhaps no test.
    for (const error of module.errors()) failures.push(failureAt(file, error));
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) failures.push(failureAt(`${file} > ${suite.fullName}`, error));
    }
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'failed') failures.push(failureAt(`${file} > ${test.fullName}`, ...errors));
      else skipped++;
    }
  }
  return { passed, skipped, failures };
}
