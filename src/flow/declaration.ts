import type { Decoder } from '../codec/codec.js';
import { InvalidRequest, type Operation, type OverflowPolicy } from '../errors/errors.js';
import type { Profile } from '../ports/mqtt-proxy.js';
import { topicMatches } from '../topic/topic-matches.js';
import { topicFilterProblem } from '../topic/topic-rules.js';
import { topicFilterOf, type TopicPattern } from '../topic/topic-template.js';

/** The options of a stage, as far as they say something without running it. */
export interface StageDeclaration {
  /** Values worked on at once. Left out: as many as the connected nucleus takes. */
  readonly inFlight?: number | undefined;
  /** Whether results come in the order of the values. */
  readonly ordered?: boolean | undefined;
  /** What may wait, or be gathered. */
  readonly buffer?: DeclaredBuffer | undefined;
  /** Milliseconds after which what was gathered goes out. */
  readonly within?: number | undefined;
  /** Names and filters of the topics it publishes to. Left out: only its data says. */
  readonly topics?: readonly string[] | undefined;
  /** What it subscribes to for answers once it has published something. */
  readonly subscribes?: readonly string[] | undefined;
  /** What reads the payloads it publishes. Left out: only its data says. */
  readonly payload?: Decoder<unknown> | undefined;
  /** How the messages it publishes tell their id and time. Left out: they do not. */
  readonly marks?: DeclaredMarks | undefined;
  /** The operation that it calls at the nucleus. Left out: that of an MQTT proxy. */
  readonly operation?: string | undefined;
}

/** How the messages of a stage tell their id and time. */
export interface DeclaredMarks {
  /** As a JSON object around the payload, as MQTT 5 user properties, or as a function of the program likes. */
  readonly as: 'wrap' | 'members' | 'function';
  /** Whether each tells when the oldest was stored that is not sent yet. */
  readonly tellsOldest: boolean;
  /** Milliseconds after which a message is not sent any more. `Infinity`: there is no such time. */
  readonly maxAge: number;
  /** The only nucleus it is for. Left out: any. */
  readonly profile?: Profile | undefined;
}

/** The member by which a function that makes requests says how it marks them. A symbol, so that nothing has it by chance. */
const MARKS: unique symbol = Symbol('greengrass-rx marks');

/** How a function that makes requests marks them, for a dry run, which never calls it. `undefined`: it does not. */
export function marksOf(request: object): DeclaredMarks | undefined {
  return (request as { readonly [MARKS]?: DeclaredMarks })[MARKS];
}

/** The same function, which says how it marks the requests that it makes. What goes around such a function says so, too. */
export function markingWith<F extends object>(request: F, marks: DeclaredMarks | undefined): F {
  return Object.assign(request, { [MARKS]: marks });
}

/** The bound of a stage, with every default filled in. */
export interface DeclaredBuffer {
  readonly messages: number;
  /** `undefined`: by its part of the 16 MiB that all such buffers share. */
  readonly bytes: number | undefined;
  /** `undefined`: nothing is dropped; what is full is emitted. */
  readonly onFull: OverflowPolicy | undefined;
}

/** A topic name, or a filter such as `alarms/+` or a template for topics that depend on data. */
export type DeclaredTopic = string | TopicPattern<unknown>;

/** The filters of declared topics. Throws `RangeError` for what is not a filter. */
export function declaredFilters(topics: readonly DeclaredTopic[]): readonly string[] {
  return topics.map(topic => {
    const filter = topicFilterOf(topic);
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) throw new RangeError(`topics: ${problem}`);
    return filter;
  });
}

/**
 * Refuses requests to topics that a stage has not declared. So a wrong topic is found in every test, and not only on a device whose recipe
 * was derived from the declaration.
 */
export function onlyDeclared(filters: readonly string[], stageName: string, operation: Operation) {
  return (topicName: string): InvalidRequest<'message'> | undefined => {
    if (filters.some(filter => topicMatches(filter, topicName))) return undefined;
    const declared = filters.map(filter => JSON.stringify(filter)).join(', ');
    const problem = `The stage "${stageName}" declares that it publishes to ${declared}, and was about to publish to ${JSON.stringify(topicName)}. Add that to its topics, or do not publish there.`;
    return new InvalidRequest('message', operation, topicName, 'client', problem);
  };
}
