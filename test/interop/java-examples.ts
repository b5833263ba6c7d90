import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { javaJars, SHORT_LIVED_JAVA, SHORT_LIVED_JAVAC } from './peers.js';

/** The developer guide's own examples, and a component of ours for the services that it has none for. */
const PACKAGE = 'com.aws.greengrass.docs.samples.ipc';
const SOURCES = [
  ...['PublishToIoTCore', 'SubscribeToIoTCore', 'util.IPCUtils'].map(name => `${PACKAGE}.${name}`),
  'com.example.peers.NucleusServices',
];
const JARS = join(javaJars ?? '', '*');

/** Compiles the examples for a block of tests, and gives the command that runs one: the developer guide's by its short name. */
export function javaExamples(): (name: string, ...args: readonly string[]) => readonly [string, ...string[]] {
  let classes: string;

  beforeAll(async () => {
    classes = await mkdtemp(join(tmpdir(), 'ggrx-java-'));
    const files = SOURCES.map(name => fileURLToPath(new URL(`java/${name.replaceAll('.', '/')}.java`, import.meta.url)));
    await promisify(execFile)('javac', [...SHORT_LIVED_JAVAC, '-encoding', 'UTF-8', '-cp', JARS, '-d', classes, ...files]);
  });

  afterAll(() => rm(classes, { recursive: true, force: true }));

  return (name, ...args) => [
    'java',
    ...SHORT_LIVED_JAVA,
    '-Dfile.encoding=UTF-8',
    '-cp',
    `${classes}:${JARS}`,
    name.includes('.') ? name : `${PACKAGE}.${name}`,
    ...args,
  ];
}
