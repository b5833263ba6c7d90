import { METERED_BYTES } from '../../operators/meter.js';
import { topicMatches } from '../../topic/topic-matches.js';
import type { DryRecord, Finding } from '../record.js';
import type { RecordedStage } from '../recording-nucleus.js';
import { MAX_RULE } from './cloud-files.js';
import { hasId } from './flink-sql.js';
import { type Outgoing, outgoingOf } from './outgoing.js';
import { ruleSql } from './template.js';

/** Records that Amazon Data Firehose takes of one array. Source: AWS IoT API reference, `FirehoseAction`. */
const RECORDS_OF_AN_ARRAY = 500;
/** Rules of an account, unless it asks for more. Source: AWS General Reference, "AWS IoT Core rules engine limits and quotas". */
const RULES = 1_000;

/** What the cloud makes of what a component publishes: where that goes through rules, into Firehose, and into the bill. */
export function checkCloud(componentName: string, record: DryRecord): readonly Finding[] {
  const all = outgoingOf(componentName, record);
  return [
    ...unheard(record),
    ...(all.length > RULES
      ? [
          warning(
            `It publishes to ${all.length} topics and filters; an account has ${RULES} rules. Declare wider filters, and tell the topics apart in one.`,
          ),
        ]
      : []),
    // Of the others nobody has asked for a cloud side.
    ...all.filter(({ isDeclared }) => isDeclared).flatMap(outgoing => ofTopic(outgoing, record)),
  ];
}

/** What is published under `$aws/rules/` goes to a rule, past the broker: no subscription gets it, its sender's own neither. */
function unheard({ subscriptions }: DryRecord): readonly Finding[] {
  const filters = subscriptions.flatMap(({ filter, canaryTopicName }) => [
    filter,
    ...(canaryTopicName === undefined ? [] : [canaryTopicName]),
  ]);
  return [...new Set(filters)]
    .filter(filter => filter.startsWith('$aws/rules/'))
    .map(filter =>
      warning(
        `Nothing ever comes on ${JSON.stringify(filter)}: Basic Ingest passes the broker by, so nobody can subscribe to it, nor can a message be confirmed there. Publish to the topic without the prefix if it is to come back.`,
      ),
    );
}

function ofTopic(outgoing: Outgoing, record: DryRecord): readonly Finding[] {
  const { filters, shape } = outgoing;
  const topic = filters.map(filter => JSON.stringify(filter)).join(', ');
  const bytes = Buffer.byteLength(ruleSql(outgoing));
  return [
    ...(bytes > MAX_RULE ? [warning(`The rule for ${topic} has ${bytes} bytes; AWS IoT Core takes ${MAX_RULE}.`)] : []),
    ...(shape === undefined
      ? [
          note(
            `What is published to ${topic} is declared by some of its stages only, or in two ways: the tables have it as one text. Declare one payload for all.`,
          ),
        ]
      : []),
    ...(hasId(outgoing) || outgoing.marks?.as === 'function'
      ? []
      : [
          note(
            `The messages to ${topic} have no id: what is delivered twice counts twice in the cloud, and what is missing nobody knows. Put them into an envelope (envelope(…)), or send them from an outbox with mark: 'wrap'.`,
          ),
        ]),
    ...arrays(outgoing, topic, record),
    ...metering(outgoing, topic, record),
  ];
}

function arrays(outgoing: Outgoing, topic: string, record: DryRecord): readonly Finding[] {
  if (outgoing.shape?.format !== 'jsonArray') return [];
  const most = Math.max(0, ...batchesBefore(outgoing, record).map(({ declaration }) => declaration.buffer?.messages ?? 0));
  if (most <= RECORDS_OF_AN_ARRAY) return [];
  const text = `The JSON arrays to ${topic} have up to ${most} values; Amazon Data Firehose takes at most ${RECORDS_OF_AN_ARRAY} of an array that a rule hands it in batchMode, and the rest is lost. Set messages: ${RECORDS_OF_AN_ARRAY}, or have each message be one record, as the derived rule does.`;
  return [hasId(outgoing) ? note(text) : warning(text)];
}

/** A message is metered as one for each 5 KB begun, and once more so by the rule and its actions. */
function metering(outgoing: Outgoing, topic: string, record: DryRecord): readonly Finding[] {
  const { ruleFilter, isSubscribed, filters } = outgoing;
  const isBasicIngest = ruleFilter === undefined;
  const sent = record.publishes
    .filter(({ topicName }) => filters.some(filter => topicMatches(filter, topicName)))
    .map(({ payloadBytes }) => payloadBytes);
  // What is compressed is smaller than what was gathered, and how much only the data says.
  const batches = outgoing.shape?.format === 'gzip' ? [] : batchesBefore(outgoing, record);
  const gathered = batches.map(({ declaration }) => declaration.buffer?.bytes ?? 0);
  const bytes = Math.max(0, ...sent, ...gathered);
  const units = Math.ceil(bytes / METERED_BYTES);
  const message = isBasicIngest ? '' : `as ${units} messages, and `;
  return [
    ...(units > 1
      ? [
          note(
            `Messages to ${topic} of up to ${bytes} bytes are metered for each 5 KB begun: ${message}by the rule as ${units} for being triggered and ${units} for each action. Stay below 5 KB, topic and envelope included, or fill what is paid for.`,
          ),
        ]
      : []),
    ...(isBasicIngest || isSubscribed
      ? []
      : [
          note(
            `Nothing in this component subscribes to ${topic}. If nobody else does, publish to basicIngest(${JSON.stringify(outgoing.ruleName)}, …): the message itself then costs nothing, only the rule does.`,
          ),
        ]),
  ];
}

/** The stages that gather what these stages publish, however far before them. */
function batchesBefore({ stages }: Outgoing, record: DryRecord): readonly RecordedStage[] {
  const before = new Set<string>(stages);
  for (let size = 0; size < before.size;) {
    size = before.size;
    for (const { from, to } of record.feeds) if (before.has(to)) for (const name of from) before.add(name);
  }
  return record.stages.filter(({ kind, name }) => kind === 'batch' && before.has(name));
}

function note(message: string): Finding {
  return { severity: 'note', about: 'cloud', message };
}

function warning(message: string): Finding {
  return { severity: 'warning', about: 'cloud', message };
}
