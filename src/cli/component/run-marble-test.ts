import { text } from 'node:stream/consumers';
import { CONFIG_VARIABLE, readConfiguration } from '../../component/configuration.js';
import { mergeBranches } from '../../component/branches.js';
import type { Component } from '../../component/component.js';
import type { RecordedLane } from '../../testing/marble-test-of.js';
import { callText, lanesOf, literal } from '../../testing/marble-test-of.js';
import type { MarbleKit } from '../../testing/kit.js';
import { marbles } from '../../testing/marbles.js';
import { parseRecording, type Recording } from '../../testing/recording.js';
import { COMPONENT } from '../../testing/memory-record.js';
import { type LaneEvent, MarbleFailure } from '../../testing/lane.js';
import { renderLane } from '../../testing/expectations.js';
import { CliError, EXIT, inLines, UsageError } from '../cli-error.js';
import type { Profile } from '../../shared/profile.js';
import { messageOf } from '../../shared/visible.js';
import type { Cli } from '../cli.js';
import { LOCAL } from '../page/own-process.js';
import { loadComponent, sourceOf } from './load-component.js';

/** What `marble-test` was told. */
export interface MarbleTestCommandOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly import?: string;
  readonly name: string;
  readonly profile: Profile;
}

/** Milliseconds from the last message to the component's end: an outbox commits, and what is retried for the first time is sent again. */
const REST = 1_000;

/** What is drawn for the component, and with which configuration. */
interface Play {
  readonly component: Component;
  readonly config: unknown;
  readonly lanes: readonly RecordedLane[];
  readonly localLanes: readonly RecordedLane[];
  /** The frame at which the component is told to end. */
  readonly end: number;
  readonly profile: Profile;
}

/** Writes a marble test of what a module's component does with messages that were recorded: it passes as it is. */
export async function runMarbleTest(cli: Cli, module: string, options: MarbleTestCommandOptions): Promise<void> {
  const component = await loadComponent(sourceOf(module));
  const config = readConfiguration(component, { [CONFIG_VARIABLE]: JSON.stringify(options.config ?? {}) });
  if (config._tag === 'Left') throw inLines(config.left, EXIT.USAGE);
  const { cloud, local } = recordingsIn(await text(cli.in));
  const end = Math.max(0, ...[cloud, local].flatMap(({ entries }) => entries.map(({ at }) => at))) + REST;
  const play: Play = { component, config: config.right, lanes: lanesOf(cloud), localLanes: lanesOf(local), end, profile: options.profile };
  try {
    cli.out.write(testText(play, module, options));
  } catch (error) {
    // What the component does cannot be played in virtual time: it awaits a promise, or throws.
    throw new CliError(error instanceof MarbleFailure ? error.message : `The component could not be played: ${String(error)}`, {
      cause: error,
    });
  }
}

function recordingsIn(ndjson: string): { readonly cloud: Recording; readonly local: Recording } {
  const lines = ndjson.split('\n').filter(line => line.trim() !== '');
  // Only the page marks local messages in what it records.
  const isLocal = (line: string): boolean => line.endsWith(LOCAL);
  const read = (some: readonly string[]): Recording => {
    try {
      return parseRecording(some.map(line => `${isLocal(line) ? `${line.slice(0, -LOCAL.length)}}` : line}\n`).join(''));
    } catch (error) {
      throw new UsageError(`The recording cannot be read: ${messageOf(error)}`);
    }
  };
  const [cloud, local] = [read(lines.filter(line => !isLocal(line))), read(lines.filter(isLocal))];
  // From its first message on.
  const first = Math.min(...[cloud, local].flatMap(({ entries }) => entries.map(({ at }) => at)));
  const shifted = ({ entries }: Recording): Recording => ({ entries: entries.map(entry => ({ ...entry, at: entry.at - first + 1 })) });
  return { cloud: shifted(cloud), local: shifted(local) };
}

function testText(play: Play, module: string, { name, import: from = `./${module}` }: MarbleTestCommandOptions): string {
  const expectations = expectationsOf(play);
  const { lanes, localLanes, config, end, profile } = play;
  const given = ['nucleus', 'run', 'context', ...new Set(expectations.map(({ asked }) => asked))];
  return [
    "import { mergeBranches } from 'greengrass-rx/component';",
    "import { marbles } from 'greengrass-rx/testing';",
    "import { test } from 'vitest';",
    `import component from ${literal(from)};`,
    '',
    `const config = ${literal(config)};`,
    '',
    `test(${literal(name)}, marbles(({ ${given.join(', ')} }) => {`,
    ...lanes.map(({ topicName, diagram, values }) => callText('nucleus.messages', [literal(topicName), literal(diagram)], values)),
    ...localLanes.map(({ topicName, diagram, values }) =>
      callText('nucleus.local.messages', [literal(topicName), literal(diagram)], values),
    ),
    `  nucleus.faults('${end}ms |', {});`,
    '  run(mergeBranches(component.run(nucleus.proxy, config, context(config))));',
    ...expectations.map(({ text: line }) => line),
    profile === 'classic' ? '}));' : `}, { profile: ${literal(profile)} }));`,
    '',
  ].join('\n');
}

interface Expectation {
  readonly asked: 'expectPublished' | 'expectPublishedLocally';
  readonly topicName: string;
  readonly diagram: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What the component does, as far as it can be drawn: the syntax of diagrams has no room for what follows a group too soon. */
function expectationsOf(play: Play): readonly Expectation[] {
  const kit = played(play, () => undefined, 'outside');
  const { published, events } = kit.nucleus;
  const drawn = (asked: Expectation['asked'], topicName: string, happened: readonly LaneEvent[]): Expectation => {
    const { diagram, values } = renderLane(happened);
    return { asked, topicName, diagram, values, text: callText(`${asked}(${literal(topicName)}).toBeMarble`, [literal(diagram)], values) };
  };
  const end = kit
    .published('#')
    .events()
    .filter(({ kind }) => kind !== 'N');
  const local = events.flatMap(event => (event.kind === 'localPublished' && event.component === COMPONENT ? [event] : []));
  const ofTopic = (topic: string): readonly LaneEvent[] => [
    ...local.filter(({ topicName }) => topicName === topic).map(({ at, ...value }): LaneEvent => ({ at, kind: 'N', value })),
    ...end,
  ];
  const expectations = [
    ...[...new Set(published.map(({ topicName }) => topicName))].map(topic =>
      drawn('expectPublished', topic, kit.published(topic).events()),
    ),
    ...[...new Set(local.map(({ topicName }) => topicName))].map(topic => drawn('expectPublishedLocally', topic, ofTopic(topic))),
  ].filter(expectation => passes(play, expectation));
  // A test has to expect something: here, that nothing is published on a topic of its own.
  return expectations.length > 0 ? expectations : [drawn('expectPublished', 'nothing/is/published/here', end)];
}

function passes(play: Play, { asked, topicName, diagram, values }: Expectation): boolean {
  try {
    played(play, kit => kit[asked](topicName).toBeMarble(diagram, values));
    return true;
  } catch (error) {
    if (error instanceof MarbleFailure) return false;
    throw error;
  }
}

/** Plays it in virtual time. */
function played(
  { component, config, lanes, localLanes, end, profile }: Play,
  look: (kit: MarbleKit) => unknown,
  expectations?: 'outside',
): MarbleKit {
  const kits: MarbleKit[] = [];
  const test = marbles(
    kit => {
      kits.push(kit);
      for (const { topicName, diagram, values } of lanes) kit.nucleus.messages(topicName, diagram, values);
      for (const { topicName, diagram, values } of localLanes) kit.nucleus.local.messages(topicName, diagram, values);
      kit.nucleus.faults(`${end}ms |`, {});
      kit.run(mergeBranches(component.run(kit.nucleus.proxy, config, kit.context(config))));
      look(kit);
    },
    { expectations, profile },
  );
  test();
  const [kit] = kits;
  if (kit === undefined) throw new Error('The marble test was not run.');
  return kit;
}
