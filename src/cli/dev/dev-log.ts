import type { NucleusEvent } from '../../local/nucleus-event.js';
import type { Profile } from '../../shared/profile.js';
import { EXIT, signalExitCode } from '../cli-error.js';
import { payloadJson } from '../messages/message-text.js';
import { isoTime, type Output } from '../output.js';

/** One event as the text of one or several lines; `undefined` if it has none. */
export type Render = (event: DevEvent) => string | undefined;

/**
 * The log of `dev`. What the nucleus tells never waits: while the reader is slow, it is left out and counted. What the component
 * prints is not left out; the component is held up instead, as by any slow terminal.
 */
export class DevLog {
  readonly #out: Output;
  readonly #render: Render;
  #leftOut = 0;
  #typed = '';
  /** Is told each event, too: also those for which the reader of the log is too slow. */
  observer: (event: DevEvent) => void = () => undefined;

  constructor(out: Output, render: Render) {
    this.#out = out;
    this.#render = render;
  }

  readonly tell = (event: DevEvent): void => {
    this.observer(event);
    if (this.#out.isFull) {
      this.#leftOut++;
      if (this.#leftOut === 1) void this.#out.room().then(this.#tellLeftOut);
      return;
    }
    this.#write(event);
  };

  /** Tells a line of the component; the promise resolves when there is room for the next. */
  readonly tellOutput = (event: DevEvent): Promise<void> | undefined => {
    this.observer(event);
    this.#write(event);
    return this.#out.isFull ? this.#out.room() : undefined;
  };

  /** What is being typed stays below what is told. */
  readonly showTyped = (text: string): void => {
    this.#typed = text;
    this.#out.redraw(text);
  };

  #write(event: DevEvent): void {
    const text = this.#render(event);
    if (text === undefined) return;
    if (this.#typed !== '') this.#out.redraw();
    this.#out.line(text);
    if (this.#typed !== '') this.#out.redraw(this.#typed);
  }

  readonly #tellLeftOut = (): void => {
    const events = this.#leftOut;
    this.#leftOut = 0;
    this.#write({ kind: 'left-out', events });
  };
}

/** How a component's process ended. */
export type ProcessEnd =
  | { readonly code: number }
  | { readonly signal: NodeJS.Signals }
  /** It could not be started. */
  | { readonly failure: 'not-found' | 'not-executable'; readonly reason: string };

/** What the log of `dev` tells. */
export type DevEvent =
  | NucleusEvent
  | {
      readonly kind: 'listening';
      readonly profile: Profile;
      readonly socketPath: string;
      readonly mqttUrl: string;
      readonly components: readonly string[];
    }
  /** In a terminal: which keys do something. */
  | { readonly kind: 'keys'; readonly text: string }
  /** Where the page of `dev --ui` is. */
  | { readonly kind: 'page'; readonly url: string }
  /** Without a command: the variables to start a component with. */
  | { readonly kind: 'environment'; readonly component: string; readonly variables: Readonly<Record<string, string>> }
  | { readonly kind: 'started'; readonly component: string; readonly pid: number | undefined; readonly command: readonly string[] }
  | { readonly kind: 'output'; readonly component: string; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'exited'; readonly component: string; readonly end: ProcessEnd }
  /** A file has changed: the component is started again. */
  | { readonly kind: 'changed'; readonly path: string }
  | { readonly kind: 'stopping'; readonly component: string; readonly signal: NodeJS.Signals }
  /** The component did not end in time, or left processes behind: they are killed. */
  | { readonly kind: 'killed'; readonly component: string; readonly reason: string }
  /** A step of the fault script. */
  | { readonly kind: 'fault'; readonly fault: string }
  /** A message that the fault script published as the cloud does. */
  | { readonly kind: 'cloud'; readonly topicName: string; readonly heard: boolean }
  /** One that it published on a local topic, as another component does. */
  | { readonly kind: 'neighbour'; readonly topic: string; readonly heard: boolean }
  /** The fault script deploys this over the component's configuration. */
  | { readonly kind: 'deploys'; readonly configuration: Readonly<Record<string, unknown>> }
  | { readonly kind: 'warning'; readonly component: string | undefined; readonly text: string }
  /** The output was slower than the events: so many are not in it. */
  | { readonly kind: 'left-out'; readonly events: number };

/** How a process ended, in words. */
export function describeEnd(end: ProcessEnd): string {
  if ('code' in end) return `ended with exit code ${end.code}`;
  if ('signal' in end) return `was ended by ${end.signal}`;
  return `could not be started: ${end.reason}`;
}

/** What `dev` exits with for it, as a shell would. */
export function exitCodeOf(end: ProcessEnd): number {
  if ('code' in end) return end.code;
  if ('signal' in end) return signalExitCode(end.signal);
  return end.failure === 'not-found' ? EXIT.NOT_FOUND : EXIT.NOT_EXECUTABLE;
}

/** An event as a line of JSON: `time`, `kind`, and what belongs to the kind. Payloads are as in `sub --json`. */
export function renderJson(event: DevEvent): string {
  const { kind, ...members } = event;
  const { payload, ...rest } = members as typeof members & { readonly payload?: Uint8Array };
  const line = JSON.stringify({ time: isoTime(), kind, ...rest }, plainErrors);
  return payload === undefined ? line : `${line.slice(0, -1)},${payloadJson(payload)}}`;
}

/** An error's name and sentence, which JSON leaves out. */
function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
