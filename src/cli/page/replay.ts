import { readFileSync } from 'node:fs';
import * as t from 'io-ts';
import { asyncScheduler, firstValueFrom } from 'rxjs';
import { every } from '../../schedule/clock.js';
import { messageOf } from '../../shared/visible.js';
import { parseRecording } from '../../testing/recording.js';
import { UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { timeOfIso } from '../output.js';
import type { DevEvent } from '../dev/dev-log.js';
import { PageModel } from './page-model.js';
import { servePage } from './page-server.js';

/** From one look at what is due to the next, in milliseconds. */
const DUE_EVERY = 50;

/** Something that was recorded, and when: milliseconds since the first. */
interface Recorded {
  readonly at: number;
  readonly event: DevEvent;
}

/**
 * Serves the page of a recording until a signal ends it. The messages pass as they did then, and can be looked at afterwards.
 */
export async function runReplay(cli: Cli, path: string, port: number | undefined): Promise<void> {
  const recorded = recordedIn(path);
  using stopping = stopOnSignals(cli);
  const model = new PageModel(() => ({ name: path, profile: '', configuration: '', policies: '', faults: [], isRecording: true }));
  await using page = await servePage(model, () => Promise.resolve({ problem: 'this is a recording' }), { port });
  cli.out.line(`the page: ${page.url}`);
  const begun = asyncScheduler.now();
  let next = 0;
  const playing = every(DUE_EVERY, asyncScheduler).subscribe(() => {
    const passed = asyncScheduler.now() - begun;
    for (let one = recorded[next]; one !== undefined && one.at <= passed; one = recorded[++next]) model.observe(one.event, begun + one.at);
  });
  await firstValueFrom(aborted(stopping.signal));
  playing.unsubscribe();
}

/** Reads what `dev` prints in a pipe or with `--json`, or a recording of `recordTo`. */
export function recordedIn(path: string): readonly Recorded[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path} could not be read: ${messageOf(cause)}`);
  }
  try {
    return /^\s*\{"time":/.test(text) ? ofLog(text) : ofRecording(text);
  } catch (cause) {
    throw new UsageError(`${path} is no recording: ${messageOf(cause)}`, 'Give what dev --json has printed, or a recording of recordTo.');
  }
}

function ofRecording(text: string): readonly Recorded[] {
  const { entries } = parseRecording(text);
  const [first] = entries;
  return entries.map(entry => {
    const at = entry.at - (first?.at ?? 0);
    if ('message' in entry) {
      const { topicName, payload } = entry.message;
      return { at, event: { kind: 'delivered', topicName, payload, components: [] } };
    }
    return { at, event: { kind: 'warning', component: undefined, text: `${entry.error._tag}: ${entry.error.message}` } };
  });
}

const Payload = t.union([
  t.type({ encoding: t.literal('json'), payload: t.unknown }),
  t.type({ encoding: t.union([t.literal('utf8'), t.literal('base64')]), payload: t.string }),
]);
const Topic = t.type({ topicName: t.string });
/** As much of the lines as the page shows. */
const Line = t.intersection([t.type({ time: t.string, kind: t.string }), t.UnknownRecord]);
const Failed = t.type({ operation: t.string, code: t.string, message: t.string });
const Output = t.type({ text: t.string });

function ofLog(text: string): readonly Recorded[] {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  let first: number | undefined;
  return lines.flatMap((line): readonly Recorded[] => {
    const decoded = Line.decode(JSON.parse(line));
    if (decoded._tag === 'Left') return [];
    const time = timeOfIso(decoded.right.time);
    first ??= time;
    const event = eventOf(decoded.right);
    return event === undefined ? [] : [{ at: time - first, event }];
  });
}

function eventOf(line: t.TypeOf<typeof Line>): DevEvent | undefined {
  const { kind } = line;
  switch (kind) {
    case 'delivered':
    case 'localDelivered':
    case 'published':
    case 'localPublished': {
      const [topic, payload] = [Topic.decode(line), Payload.decode(line)];
      if (topic._tag === 'Left' || payload._tag === 'Left') return undefined;
      const message = { topicName: topic.right.topicName, payload: bytesOf(payload.right) };
      if (kind === 'delivered') return { kind, ...message, components: [] };
      if (kind === 'localDelivered') return { kind, ...message, isJson: false, components: [] };
      if (kind === 'published') return { kind, ...message, connection: 0, component: '', qos: 1 };
      return { kind, ...message, connection: 0, component: '', isJson: false };
    }
    case 'failed': {
      const failed = Failed.decode(line);
      if (failed._tag === 'Left') return undefined;
      const { resource } = line;
      return {
        kind,
        connection: 0,
        component: '',
        ...failed.right,
        resource: typeof resource === 'string' ? resource : undefined,
        remedy: undefined,
      };
    }
    case 'output': {
      const output = Output.decode(line);
      return output._tag === 'Left' ? undefined : { kind, component: '', stream: 'stdout', text: output.right.text };
    }
    case 'fault':
      return { kind, fault: String(line['fault']) };
    case 'warning':
      return { kind, component: undefined, text: String(line['text']) };
    default:
      return undefined;
  }
}

function bytesOf(payload: t.TypeOf<typeof Payload>): Buffer {
  if (payload.encoding === 'json') {
    const text = JSON.stringify(payload.payload) as string | undefined;
    return Buffer.from(text ?? '');
  }
  return Buffer.from(payload.payload, payload.encoding);
}
