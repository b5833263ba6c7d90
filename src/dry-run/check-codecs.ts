import { type Decoder, describe, type Encoded, type Encoder } from '../codec/codec.js';
import { payloadOf } from '../outbox/mark.js';
import { messageOf } from '../shared/visible.js';
import { topicMatches } from '../topic/topic-matches.js';
import { isLocalStage } from './access.js';
import type { DryRecord, Finding } from './record.js';
import type { PayloadSample, RecordedStage } from './recording-nucleus.js';

/** What senders send when something is wrong with them. */
const PROBES: readonly Uint8Array[] = ['', '{}', '[]', 'null', '0', '"text"', 'not JSON', '{"a":{"b":[1,2,3]}}']
  .map(text => new TextEncoder().encode(text))
  .concat(new Uint8Array([0xff, 0xfe, 0x00, 0x80]));

const SHADOW = /^\$aws\/things\/[^/]+\/shadow\//;

/**
 * Both ends of the codecs: decoding must make a `Left` of whatever comes and never throw, and what a codec encodes of a value that it
 * decoded it must be able to decode again.
 */
export function checkCodecs({ subscriptions, localSubscriptions, readings }: CodecRecord): readonly Finding[] {
  const all = [...subscriptions, ...localSubscriptions, ...readings].flatMap(({ filter, codec }): readonly Finding[] => {
    // What the shadow service says is decoded by `shadow`.
    if (codec === undefined && SHADOW.test(filter)) return [];
    if (codec === undefined) {
      const message = `The messages on ${JSON.stringify(filter)} are taken as bytes, whatever is in them. A codec, such as json(…), makes a DecodeFailed of those that are wrong.`;
      return [{ severity: 'note', about: 'codecs', message }];
    }
    const problem = PROBES.map(payload => problemOf(codec, filter, payload)).find(text => text !== undefined);
    return problem === undefined ? [] : [error(`The codec of ${JSON.stringify(filter)} ${problem}`)];
  });
  return [...new Map(all.map(finding => [finding.message, finding])).values()];
}

type CodecRecord = Pick<DryRecord, 'subscriptions' | 'localSubscriptions' | 'readings'>;

/** Whether what it publishes can be sent, is what its stages declare (`payload`), and whether its own subscriptions take it. */
export function checkPayloads(record: DryRecord): readonly Finding[] {
  const declared = record.stages.filter(({ declaration }) => declaration.payload !== undefined);
  return [
    ...record.refusals.map(error),
    ...declared.flatMap(declaredTwice),
    ...told(record.samples.flatMap(sample => unfit(sample, record))),
  ].filter(({ message }, i, all) => all.findIndex(other => other.message === message) === i);
}

/**
 * Marks that do not arrive everywhere.
 *
 * Source: Greengrass Lite carries of MQTT 5 nothing but the topic and the payload; observed.
 */
export function checkMarks({ stages }: Pick<DryRecord, 'stages'>): readonly Finding[] {
  const lost = stages.filter(({ declaration: { marks } }) => marks?.as === 'members' && marks.profile !== 'classic');
  return [...new Set(lost.map(({ name }) => name))].map(name => ({
    severity: 'warning',
    about: 'codecs',
    message: `What ${JSON.stringify(name)} stores is marked by user properties, which Greengrass Lite does not carry: there nobody can tell when a message was stored, and whether it came before. Open the outbox with mark: 'wrap', or, where the component runs on no Lite, with profile: 'classic'.`,
  }));
}

function declaredTwice({ name, declaration: { payload, topics = [] } }: RecordedStage): readonly Finding[] {
  if (payload === undefined) return [];
  const problem = PROBES.map(probe => problemOf(payload, topics[0] ?? '', probe)).find(text => text !== undefined);
  return problem === undefined ? [] : [error(`The codec that ${JSON.stringify(name)} declares as its payload ${problem}`)];
}

/** A message that something refuses. */
interface Unfit {
  /** The stages that may have made it. */
  readonly by: string;
  /** The message, and its topic. */
  readonly what: string;
  /** What refuses it, and why. */
  readonly refusal: string;
}

/** One finding for what is refused of one stage for one reason: one with a template publishes to as many topics as there are values. */
function told(all: readonly Unfit[]): readonly Finding[] {
  const alike = new Map<string, { readonly first: Unfit; readonly others: Set<string> }>();
  for (const one of all) {
    // Behind it is the value that was found.
    const kind = `${one.by}\n${one.refusal.replace(/, got [^]*$/, '')}`;
    const known = alike.get(kind);
    if (known === undefined) alike.set(kind, { first: one, others: new Set() });
    else if (one.what !== known.first.what) known.others.add(one.what);
  }
  return [...alike.values()].map(({ first: { what, refusal }, others }) => {
    const more = others.size === 0 ? '' : ` (and ${others.size} more like it)`;
    return error(`It publishes ${what}${more}, which ${refusal}.`);
  });
}

function unfit({ isLocal, topicName, payload }: PayloadSample, record: DryRecord): readonly Unfit[] {
  const message = { topicName, payload };
  const stages = record.stages.filter(
    stage => isLocalStage(stage) === isLocal && stage.declaration.topics?.some(filter => topicMatches(filter, topicName)),
  );
  // A forwarder sends what others have stored.
  const makers = stages.filter(({ kind }) => kind !== 'forwardFrom');
  const declared = makers.flatMap(({ declaration }) => declaration.payload ?? []);
  const isMarkedByFunction = makers.some(({ declaration }) => declaration.marks?.as === 'function');
  const sent = { topicName, payload: payloadOf(message) };
  const by = makers.map(({ name }) => name).join('\n');
  const what = `${describe(Buffer.from(payload).toString('latin1'))} to ${JSON.stringify(topicName)}`;
  const reasons = declared.map(codec => reasonOf(codec, sent));
  const reason = declared.length < makers.length || isMarkedByFunction || reasons.includes(undefined) ? undefined : reasons[0];
  const subscriptions = isLocal ? record.localSubscriptions : record.subscriptions;
  return [
    ...(reason === undefined ? [] : [{ by, what, refusal: `is not what is declared as its payload: ${reason}` }]),
    ...subscriptions
      .filter(({ filter, codec }) => codec !== undefined && topicMatches(filter, topicName))
      .flatMap(({ filter, codec }) => {
        const problem = codec === undefined ? undefined : reasonOf(codec, message);
        return problem === undefined
          ? []
          : [{ by, what, refusal: `the codec of its own subscription to ${JSON.stringify(filter)} refuses: ${problem}` }];
      }),
  ];
}

/** Why a message is refused; `undefined`: it is not. */
function reasonOf(codec: Decoder<unknown>, message: Encoded): string | undefined {
  try {
    const decoded = codec.decode(message);
    return decoded._tag === 'Left' ? (decoded.left.problems[0] ?? 'it says no reason') : undefined;
  } catch {
    // A codec that throws has been told already, with the probes.
    return undefined;
  }
}

function error(message: string): Finding {
  return { severity: 'error', about: 'codecs', message };
}

function problemOf(codec: Decoder<unknown>, topicName: string, payload: Uint8Array): string | undefined {
  const what = describe(Buffer.from(payload).toString('latin1'));
  try {
    const decoded = codec.decode({ topicName, payload });
    if (decoded._tag === 'Left' || !isEncoder(codec)) return undefined;
    const again = codec.encode(decoded.right);
    const bytes = typeof again === 'string' ? new TextEncoder().encode(again) : again;
    return codec.decode({ topicName, payload: bytes })._tag === 'Left'
      ? `cannot decode what it has encoded itself, of the payload ${what}. Its two ends do not fit.`
      : undefined;
  } catch (error) {
    return `throws on the payload ${what}: ${messageOf(error)}. Make it a Left: a message that is wrong must not end the component.`;
  }
}

function isEncoder(codec: Decoder<unknown>): codec is Decoder<unknown> & Encoder<unknown> {
  return typeof (codec as { readonly encode?: unknown }).encode === 'function';
}
