import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { javaJars } from './peers.js';

/** The developer guide's own examples, and a component of ours for the services that it has none for. */
const PACKAGE = 'com.aws.greengrass.docs.samples.ipc';
const SOURCES = [
  ...['PublishToIoTCore', 'SubscribeToIoTCore', 'util.IPCUtils'].map(name => `${PACKAGE}.${name}`),
  'com.example.peers.NucleusServices',
];
const JARS = join(javaJars ?? '', '*');
/** These run for a second: what the compiler of the second tier and several threads of a collector cost, nothing of it is ever earned. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Compiles the examples for a block of tests, and gives the command that runs one: the developer guide's by its short name. */
export function javaExamples(): (name: string, ...args: readonly string[]) => readonly [string, ...string[]] {
  let classes: string;

  beforeAll(async () => {
    classes = await mkdtemp(join(tmpdir(), 'ggrx-java-'));
    const files = SOURCES.map(name => fileURLToPath(new URL(`java/${name.replaceAll('.', '/')}.java`, import.meta.url)));
    const options = SHORT_LIVED.map(option => `-J${option}`);
    await promisify(execFile)('javac', [...options, '-encoding', 'UTF-8', '-cp', JARS, '-d', classes, ...files]);
  });

  afterAll(() => rm(classes, { recursive: true, force: true }));

  return (name, ...args) => [
    'java',
    ...SHORT_LIVED,
    '-Dfile.encoding=UTF-8',
    '-cp',
    `${classes}:${JARS}`,
    name.includes('.') ? name : `${PACKAGE}.${name}`,
    ...args,
  ];
}
