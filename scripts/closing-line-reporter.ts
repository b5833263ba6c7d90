import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/** What a run of tests came to. */
interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * What native modules keep from their import on, or for as long as the version of Node likes after it is closed: aws-crt's logger and callbacks, and
 * the threads of the bundler that tests use. That we close aws-crt's connections is tested where they are opened.
 */
const ofNativeModules = /^(aws_|napi_rs_|CustomGC$)/;

/** A WritableStream of Node's makes promises for an abort that never comes, and these stay pending when it is done. */
const ofWritableStreams = /at new Promise \(<anonymous>\)\n(?: +at [^\n]*node:internal[^\n]*\n)* +at new WritableStream \(node:internal/;

/** Playwright keeps promises of what it was asked, and these stay pending when its browser has gone. */
const ofPlaywright = /[/\\]node_modules[/\\]playwright-core[/\\]/;

/**
 * Closes a run with `N passed, N failed, N skipped` alone on a line, for whoever counts what ran, and makes a run that
 * leaks fail: vitest lists leaks of servers, timers and sockets but exits 0 all the same.
 */
export class ClosingLineReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = count(modules);
    const leaks = [...(this.#vitest?.state.leakSet ?? [])].filter(
      ({ type, stack }) => !ofNativeModules.test(type) && !ofWritableStreams.test(stack) && !ofPlaywright.test(stack),
    ).length;
    if (leaks > 0) process.exitCode = 1;
    const failed = tests.failed + unhandled.length + leaks;
    if (leaks > 0) console.log(`\n${String(leaks)} leaked (listed above)`);
    console.log(`\n${String(tests.passed)} passed, ${String(failed)} failed, ${String(tests.skipped)} skipped`);
  }
}

function count(modules: readonly TestModule[]): Count {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const module of modules) {
    // A module that could not be loaded has an error of its own and perhaps no test.
    failed += module.errors().length;
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'failed') failed++;
      else skipped++;
    }
  }
  return { passed, failed, skipped };
}
