import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { javaJars } from './peers.js';

const PACKAGE = 'com.aws.greengrass.docs.samples.ipc';
const JARS = join(javaJars ?? '', '*');

/** Compiles the developer guide's examples for a block of tests, and gives the command that runs one. */
export function javaExamples(): (name: string, ...args: readonly string[]) => readonly [string, ...string[]] {
  let classes: string;

  beforeAll(async () => {
    classes = await mkdtemp(join(tmpdir(), 'ggrx-java-'));
    const files = ['PublishToIoTCore', 'SubscribeToIoTCore', 'util/IPCUtils'].map(name =>
      fileURLToPath(new URL(`java/${PACKAGE.replaceAll('.', '/')}/${name}.java`, import.meta.url)),
    );
    await promisify(execFile)('javac', ['-encoding', 'UTF-8', '-cp', JARS, '-d', classes, ...files]);
  }, 60_000);

  afterAll(() => rm(classes, { recursive: true, force: true }));

  return (name, ...args) => ['java', '-Dfile.encoding=UTF-8', '-cp', `${classes}:${JARS}`, `${PACKAGE}.${name}`, ...args];
}
