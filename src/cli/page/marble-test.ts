import { relative, resolve } from 'node:path';
import type { Profile } from '../../shared/profile.js';
import type { PassedMessage } from './message-ring.js';
import { runOwn } from './own-process.js';

/** The end of a line of a recording whose message came on a local topic. */
export const LOCAL = ',"isLocal":true}';
/** How long it may take to play the messages to the component, in milliseconds, and how long the test may be, in bytes. */
const WITHIN = 30_000;
const LARGEST_TEST = 8 * 1024 * 1024;

/** What the test is made from. */
export interface SeenMessages {
  /** What came to the component, oldest first. */
  readonly messages: readonly PassedMessage[];
  readonly configuration: unknown;
  readonly profile: Profile;
}

/**
 * A marble test of a module's component, to be put into a file of the project's folder `test`: what came to it in these seconds is drawn, and
 * what is expected is what it makes of that in virtual time. So it passes as it is; what should be otherwise is then changed.
 *
 * The component is loaded in a process of its own, which the signal ends.
 */
export function marbleTestOfModule(
  module: string,
  { messages, configuration, profile }: SeenMessages,
  signal: AbortSignal,
): Promise<string> {
  const recording = messages.map(({ at, topicName, isLocal, payload }) => {
    const line = JSON.stringify({ at, topicName, payloadBase64: Buffer.from(payload).toString('base64') });
    return isLocal ? `${line.slice(0, -1)}${LOCAL}` : line;
  });
  const args = ['marble-test', module, '--config', JSON.stringify(configuration), '--import', importOf(module), '--profile', profile];
  return runOwn(args, { within: WITHIN, largest: LARGEST_TEST, signal }, `${recording.join('\n')}\n`);
}

/** `dist/component.js` is compiled from `src/component.ts`, which a test imports. */
function importOf(module: string): string {
  const path = relative(process.cwd(), resolve(module)).replaceAll('\\', '/');
  return `../${path.replace(/^(dist|build)\//, 'src/')}`;
}
