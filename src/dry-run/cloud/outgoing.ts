import type { Decoder as TypeDecoder } from 'io-ts';
import type { PayloadShape } from '../../codec/codec.js';
import type { DeclaredMarks } from '../../flow/declaration.js';
import { parseBasicIngest } from '../../topic/prefixed-topics.js';
import { filterCovers, filtersOverlap } from '../../topic/topic-matches.js';
import { isLocalStage } from '../access.js';
import type { DryRecord } from '../record.js';
import type { RecordedStage } from '../recording-nucleus.js';

/** A topic or filter of AWS IoT Core that stages publish to, and what is known of the messages. */
export interface Outgoing {
  /** Of its files and tables: letters, digits and `_`. */
  readonly name: string;
  /** Begins the ids of what it has in the template: letters and digits. */
  readonly id: string;
  /** Of its rule: unlike others of the account. */
  readonly ruleName: string;
  /** As it is published: one topic or filter, and of Basic Ingest all that go to one rule. */
  readonly filters: readonly string[];
  /** What its rule subscribes to. `undefined`: nothing, since Basic Ingest brings it the messages. */
  readonly ruleFilter: string | undefined;
  /** Whether the component itself subscribes to such topics. */
  readonly isSubscribed: boolean;
  /** Names of the stages. */
  readonly stages: readonly string[];
  /** Whether a stage declares its payload. */
  readonly isDeclared: boolean;
  /** Of the payload. `undefined`: no stage declares it, or two declare different ones. */
  readonly shape: PayloadShape | undefined;
  /** How the messages tell their id and time. `undefined`: they do not. */
  readonly marks: DeclaredMarks | undefined;
}

/** The name of a file may have 255 bytes, with what it ends in; a topic alone may have 256. */
const MAX_NAME = 100;
/** A rule may have 128, of which some are left for a number. Source: AWS IoT API reference, `CreateTopicRule`. */
const MAX_RULE_NAME = 120;

/** What the names of a topic's tables and views end in. */
const SUFFIXES = ['_messages', '_once', '_per_minute', '_missing', '_gaps', '_complete'];

/** All that leaves the device through a stage that says where it publishes: a topic, or all topics of one rule. */
export function outgoingOf(componentName: string, record: DryRecord): readonly Outgoing[] {
  const makers = record.stages.filter(stage => isMaker(stage, record.stages));
  const filters = [...new Set(makers.flatMap(({ declaration }) => declaration.topics ?? []))].sort();
  const byRule = new Map<string, string[]>();
  for (const filter of filters) {
    const ingest = parseBasicIngest(filter);
    const key = ingest === undefined ? ` ${filter}` : ingest.ruleName;
    byRule.set(key, [...(byRule.get(key) ?? []), filter]);
  }
  const names = new Set<string>();
  const ids = new Set<string>();
  // Those of Basic Ingest are in its topics, and are not ours to choose.
  const ruleNames = new Set(filters.flatMap(filter => parseBasicIngest(filter)?.ruleName.toLowerCase() ?? []));
  return [...byRule.values()].map(together => {
    const stages = makers.filter(({ declaration }) => declaration.topics?.some(topic => together.includes(topic)));
    const [first = ''] = together;
    const ingest = parseBasicIngest(first);
    const name = unlike(names, ingest?.ruleName ?? identifierOf(first).slice(0, MAX_NAME), '_', ['', ...SUFFIXES]);
    const ruleName = identifierOf(`${componentName.split('.').at(-1) ?? ''}_${name}`).slice(0, MAX_RULE_NAME);
    const [shape, ...otherShapes] = stages.map(({ declaration }) => declaration.payload?.shape);
    const [marks, ...otherMarks] = stages.map(({ declaration }) => declaration.marks);
    return {
      name,
      id: unlike(ids, camelCased(name), 'x'),
      ruleName: ingest?.ruleName ?? unlike(ruleNames, ruleName, '_'),
      filters: together,
      ruleFilter: ingest === undefined ? first : undefined,
      isSubscribed: record.subscriptions.some(subscription => together.some(filter => filtersOverlap(subscription.filter, filter))),
      stages: stages.map(stage => stage.name),
      isDeclared: stages.some(({ declaration }) => declaration.payload !== undefined),
      shape: otherShapes.every(other => isSameShape(shape, other)) ? shape : undefined,
      marks: otherMarks.every(other => other?.as === marks?.as) ? withLongestAge(marks, otherMarks) : undefined,
    };
  });
}

/** Whether a stage makes messages for the cloud. A forwarder does so only where no stage is known to store what it sends. */
function isMaker(stage: RecordedStage, stages: readonly RecordedStage[]): boolean {
  if (isLocalStage(stage)) return false;
  if (stage.kind === 'publishTo' || stage.kind === 'storeIn') return true;
  return (
    stage.kind === 'forwardFrom' &&
    (stage.declaration.topics ?? []).every(
      filter => !stages.some(({ kind, declaration }) => kind === 'storeIn' && declaration.topics?.some(each => filterCovers(filter, each))),
    )
  );
}

function withLongestAge(marks: DeclaredMarks | undefined, others: readonly (DeclaredMarks | undefined)[]): DeclaredMarks | undefined {
  if (marks === undefined) return undefined;
  const all = [marks, ...others.flatMap(other => other ?? [])];
  return { ...marks, maxAge: Math.max(...all.map(({ maxAge }) => maxAge)), tellsOldest: all.every(({ tellsOldest }) => tellsOldest) };
}

function isSameShape(one: PayloadShape | undefined, other: PayloadShape | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.format === 'gzip') return other.format === 'gzip' && isSameShape(one.of, other.of);
  return one.format === other.format && valueTypeOf(one) === valueTypeOf(other);
}

/** The codec of one value, however many are in a payload. */
export function valueTypeOf(shape: PayloadShape | undefined): TypeDecoder<unknown, unknown> | undefined {
  if (shape === undefined) return undefined;
  if (shape.format === 'gzip') return valueTypeOf(shape.of);
  return 'type' in shape ? shape.type : undefined;
}

/** A name that SQL, CloudFormation and IoT rules take: the parts of a topic that are no wildcards. */
function identifierOf(filter: string): string {
  const words = filter.split(/[^A-Za-z0-9]+/).filter(word => word !== '');
  const name = words.join('_');
  return name === '' ? 'messages' : /^\d/.test(name) ? `t${name}` : name;
}

/** A name that is not taken, with any of these endings either, whatever the case of its letters. */
function unlike(names: Set<string>, wanted: string, separator: string, endings: readonly string[] = ['']): string {
  const all = (name: string): readonly string[] => endings.map(ending => `${name}${ending}`.toLowerCase());
  let name = wanted;
  for (let number = 2; all(name).some(each => names.has(each)); number++) name = `${wanted}${separator}${number}`;
  for (const each of all(name)) names.add(each);
  return name;
}

function camelCased(name: string): string {
  const words = name.split('_').map(word => word.slice(0, 1).toUpperCase() + word.slice(1));
  return words.join('');
}
