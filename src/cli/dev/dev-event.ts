import type { NucleusEvent } from '../../local/nucleus-event.js';
import type { ProfileName } from '../../shared/profile-name.js';

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
      readonly profile: ProfileName;
      readonly socketPath: string;
      readonly mqttUrl: string;
      readonly components: readonly string[];
    }
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
  | { readonly kind: 'warning'; readonly component: string | undefined; readonly text: string }
  /** The output was slower than the events: so many are not in it. */
  | { readonly kind: 'left-out'; readonly events: number };
