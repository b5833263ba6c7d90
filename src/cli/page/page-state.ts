/**
 * What the page of `dev --ui` is told: plain JSON, on a stream of events, several times a second. Types alone, which the page's own source
 * shares.
 */

/** A topic, on its way in or out. */
export interface PageLane {
  /** The place in the list of lanes, for good. */
  readonly id: number;
  readonly topicName: string;
  /** To the component, or from it. */
  readonly way: 'in' | 'out';
  readonly isLocal: boolean;
  /** All messages so far: what is drawn is a sample, what is counted is not. */
  readonly messages: number;
  readonly bytes: number;
}

/** A message that is drawn. Its payload is asked for when somebody clicks. */
export interface PageMark {
  readonly id: number;
  readonly lane: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number;
  readonly bytes: number;
}

/** Something that is worth a line. */
export interface PageNote {
  readonly id: number;
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A box of the diagram, with its place. */
export interface PageBox {
  readonly id: string;
  readonly role: 'in' | 'stage' | 'out' | 'unknown';
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of a subscription or a stage that has run. */
  readonly account: PageAccount | undefined;
}

/** What became of the messages of a stage. */
export interface PageAccount {
  readonly received: number;
  readonly emitted: number;
  readonly dropped: number;
  readonly failed: number;
  readonly buffered: number;
  readonly discarded: number;
}

/** The pipeline, as far as the component tells of it. */
export interface PageDiagram {
  readonly width: number;
  readonly height: number;
  /** What belongs to one branch. */
  readonly bands: readonly { readonly title: string; readonly y: number; readonly height: number }[];
  readonly boxes: readonly PageBox[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly sent: number; readonly absorbed: number }[];
}

export interface PageOutbox {
  readonly path: string;
  readonly messages: number;
  readonly bytes: number;
}

/** How a component of this package is. */
export interface PageHealth {
  readonly status: string;
  readonly branches: readonly { readonly name: string; readonly status: string; readonly lefts: number }[];
  readonly diagram: PageDiagram;
  readonly outboxes: readonly PageOutbox[];
}

/** Totals since `dev` began. */
export interface PageTotals {
  readonly delivered: number;
  readonly published: number;
  readonly failed: number;
  readonly dropped: number;
  /** The mean and the longest time from the last message in to a publish, in milliseconds, since the last update. */
  readonly delay: number | undefined;
  readonly longestDelay: number | undefined;
}

/** What has happened since the last update. The first update has all that is still known. */
export interface PageUpdate {
  readonly at: number;
  readonly isRunning: boolean;
  readonly isConnected: boolean;
  readonly totals: PageTotals;
  /** Those that have changed. */
  readonly lanes: readonly PageLane[];
  readonly marks: readonly PageMark[];
  readonly notes: readonly PageNote[];
  /** Only if it has changed. */
  readonly health?: PageHealth | undefined;
  readonly component?: PageComponent | undefined;
}

/** What does not change while it runs, or seldom. */
export interface PageComponent {
  readonly name: string;
  readonly profile: string;
  readonly configuration: string;
  readonly policies: string;
  /** Words of faults, and of what ends them. Empty for a recording. */
  readonly faults: readonly string[];
  readonly isRecording: boolean;
}

/** A message as the page shows it. */
export interface PageMessage {
  readonly topicName: string;
  readonly at: number;
  readonly bytes: number;
  readonly encoding: 'json' | 'utf8' | 'base64';
  readonly payload: string;
}

/** What the page asks for with its token. */
export type PageAction =
  | { readonly do: 'fault'; readonly fault: string }
  | { readonly do: 'publish'; readonly topicName: string; readonly payload: string; readonly isLocal: boolean }
  | { readonly do: 'restart' }
  | { readonly do: 'marble test' };

/** What came of it. */
export type PageAnswer = { readonly done: string } | { readonly problem: string };
