import type { Component } from '../component/component.js';
import { BUFFER_MEMORY } from '../flow/buffer-memory.js';
import { BYTES_TO_DISK } from '../outbox/store-in.js';
import { messageOf } from '../shared/visible.js';
import { isLocalStage } from './access.js';
import { type DryRecord, fewOf, type Finding } from './record.js';

/** What is wrong with the branches themselves, and what could not be seen of them. */
export function checkBranches(component: Pick<Component, 'publishes' | 'localPublishes'>, record: DryRecord): readonly Finding[] {
  return [
    ...ends(record),
    ...draining(record),
    ...awaited(record),
    ...undeclared(component, record),
    ...sameNames(record),
    ...ofNoBranch(record),
  ];
}

function ends({ branches }: DryRecord): readonly Finding[] {
  return branches.flatMap(({ name, end }): readonly Finding[] => {
    if (end === undefined || end.kind === 'completed') return [];
    const { error } = end;
    const text = messageOf(error);
    return [{ severity: 'error', about: 'branches', message: `The branch "${name}" ended as soon as it had begun: ${text}` }];
  });
}

function draining({ branches, awaited }: DryRecord): readonly Finding[] {
  return (
    branches
      // One that waits for a promise may end after it.
      .filter(({ drains }) => !drains && awaited === undefined)
      .map(({ name }) => ({
        severity: 'warning',
        about: 'branches',
        message: `The branch "${name}" does not end when the component is told to stop, so every stop takes the whole drain deadline. Subscriptions end by themselves; end its other sources with takeUntil(proxy.draining$).`,
      }))
  );
}

function awaited({ awaited }: DryRecord): readonly Finding[] {
  if (awaited === undefined) return [];
  const place = awaited.place === undefined ? '' : ` (${awaited.place})`;
  const message = `A promise was awaited at ${awaited.at} ms${place}. Virtual time does not wait for promises: what comes after it was not seen. Use publish$ in the place of publish, or declare what follows with publishes and subscribes.`;
  return [{ severity: 'warning', about: 'branches', message }];
}

function undeclared(component: Pick<Component, 'publishes' | 'localPublishes'>, { stages }: DryRecord): readonly Finding[] {
  return stages
    .filter(({ kind, declaration }) => (kind === 'publishTo' || kind === 'forwardFrom') && declaration.topics === undefined)
    .map(stage => {
      const { kind, name } = stage;
      const member = isLocalStage(stage) ? 'localPublishes' : 'publishes';
      return component[member].length === 0
        ? {
            severity: 'error',
            about: 'topics',
            message: `The topics of the stage "${name}" depend on data, so the recipe cannot allow them. Name them in ${kind === 'publishTo' ? 'its option topics' : 'the option topics of its outbox'}: names, filters or templates.`,
          }
        : {
            severity: 'note',
            about: 'topics',
            message: `The topics of the stage "${name}" depend on data: the recipe allows those that the component declares with ${member}.`,
          };
    });
}

/** Stages of one operator and name share an account, so their numbers and their place in the diagram do. */
function sameNames({ stages }: DryRecord): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const { kind, name } of stages.filter(({ kind }) => kind !== 'subscription')) {
    const key = name === kind ? name : `${kind} "${name}"`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([stage, count]) => ({
      severity: 'note',
      about: 'branches',
      message: `${count} stages are ${stage} to the ledger, and counted as one. Give each a name.`,
    }));
}

/** What was subscribed later than its branch. */
function ofNoBranch({ subscriptions, localSubscriptions, stages }: DryRecord): readonly Finding[] {
  const names = [
    ...[...subscriptions, ...localSubscriptions].filter(({ branch }) => branch === undefined).map(({ filter }) => filter),
    ...stages.filter(({ kind, branch }) => branch === undefined && kind !== 'subscription').map(({ name }) => name),
  ];
  if (names.length === 0) return [];
  const list = [...new Set(names)].map(name => JSON.stringify(name)).join(', ');
  const message = `${list}: subscribed later than its branch, by a timer or once connected, so which branch it is of is not known. The recipe allows it all the same.`;
  return [{ severity: 'note', about: 'branches', message }];
}

/**
 * What it means for the device that a component lets a codec decide on deployments.
 *
 * Source: `DynamicComponentConfigurationValidator` of the nucleus; observed.
 */
export function checkValidation({ news }: Pick<DryRecord, 'news'>): readonly Finding[] {
  const places = news.filter(({ kind }) => kind === 'validation').length;
  if (places === 0) return [];
  const forAll: Finding = {
    severity: 'warning',
    about: 'configuration',
    message:
      'It validates its configuration before a deployment takes effect. A deployment then waits for the answer of every component whose configuration it changes, and fails after 20 s if one of them never validates. Do so only on devices on which every configured component does. Greengrass Lite asks nobody.',
  };
  if (places === 1) return [forAll];
  const message = `It validates its configuration in ${places} places: the nucleus asks only one of them, and none any more once one has ended. Validate in one place.`;
  return [forAll, { severity: 'error', about: 'configuration', message }];
}

/** Bytes of the largest message AWS IoT Core takes. */
const MAX_MESSAGE: number = 128 * 1_024;
/** Publishes a second that AWS IoT Core takes on one connection, which all components of a device share. */
const PUBLISHES_PER_SECOND = 100;

const MIB = 1_024 * 1_024;

/**
 * What the component publishes by itself, against the quotas of AWS IoT Core; and what its buffers can come to, against the memory there
 * is.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas".
 */
export function checkQuotas(record: Pick<DryRecord, 'publishes' | 'horizon' | 'stages'>, memory: number | undefined): readonly Finding[] {
  return [...rate(record), ...sizes(record), ...buffers(record, memory)];
}

function rate({ publishes, horizon }: Pick<DryRecord, 'publishes' | 'horizon'>): readonly Finding[] {
  const perSecond = (publishes.length * 1_000) / horizon;
  if (perSecond <= PUBLISHES_PER_SECOND) return [];
  const message = `Without any message coming it publishes ${Math.round(perSecond)} times a second; AWS IoT Core takes ${PUBLISHES_PER_SECOND} a second from all components of a device together. Publish less often, or gather with batch().`;
  return [{ severity: 'warning', about: 'quotas', message }];
}

function sizes({ publishes }: Pick<DryRecord, 'publishes'>): readonly Finding[] {
  const tooLarge = publishes.filter(({ payloadBytes }) => payloadBytes > MAX_MESSAGE);
  if (tooLarge.length === 0) return [];
  const most = tooLarge.reduce((bytes, { payloadBytes }) => Math.max(bytes, payloadBytes), 0);
  const topics = fewOf([...new Set(tooLarge.map(({ topicName }) => topicName))]);
  const message = `It publishes up to ${most} bytes to ${topics}; AWS IoT Core takes at most ${MAX_MESSAGE}.`;
  return [{ severity: 'error', about: 'quotas', message }];
}

/** The most bytes that can wait at a stage, and that it works on, each of the largest messages there are. */
function mostBytesOf({ name, kind, declaration: { buffer, inFlight } }: DryRecord['stages'][number]): StageBytes {
  const waiting = buffer === undefined ? 0 : Math.min(buffer.bytes ?? Infinity, buffer.messages * MAX_MESSAGE);
  const atOnce = (inFlight ?? (kind === 'publishTo' ? 8 : 0)) * MAX_MESSAGE;
  const underWay = kind === 'storeIn' ? Math.min(atOnce, BYTES_TO_DISK) : atOnce;
  return { name, waiting, shares: buffer !== undefined && buffer.bytes === undefined, underWay };
}

interface StageBytes {
  readonly name: string;
  readonly waiting: number;
  /** Whether it waits in the memory that all buffers share. */
  readonly shares: boolean;
  readonly underWay: number;
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((all, each) => all + each, 0);
}

/**
 * Tells what buffers can come to, full of the largest messages there are, where that is more than the component may have; or what its own
 * bounds come to.
 */
function buffers({ stages }: Pick<DryRecord, 'stages'>, memory: number | undefined): readonly Finding[] {
  const all = stages.map(mostBytesOf);
  const own = all.map(({ name, waiting, shares }) => ({ name, bytes: shares ? 0 : waiting }));
  if (memory === undefined) {
    const total = sum(own.map(({ bytes }) => bytes));
    if (total <= BUFFER_MEMORY) return [];
    const message = `Its buffers with bytes of their own (buffer: { bytes }) may come to ${mib(total)}, beside the ${mib(BUFFER_MEMORY)} that all others share: ${largest(own)}. On a small device, let fewer wait.`;
    return [{ severity: 'note', about: 'memory', message }];
  }
  const shared = Math.min(BUFFER_MEMORY, sum(all.map(({ waiting, shares }) => (shares ? waiting : 0))));
  const parts = [
    { name: 'those that share', bytes: shared },
    ...own,
    { name: 'under way', bytes: sum(all.map(({ underWay }) => underWay)) },
  ];
  const total = sum(parts.map(({ bytes }) => bytes));
  if (total <= memory) return [];
  const message = `Full of the largest messages there are (128 KiB), its buffers come to ${mib(total)}, more than the ${mib(memory)} it may have: ${largest(parts)}. Bound them in bytes (buffer: { bytes, sizeOf }) or let fewer messages wait.`;
  return [{ severity: 'warning', about: 'memory', message }];
}

/** The largest of them, with what each comes to. */
function largest(parts: readonly { readonly name: string; readonly bytes: number }[]): string {
  return [...parts]
    .filter(({ bytes }) => bytes > 0)
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, 5)
    .map(({ name, bytes }) => `${name} ${mib(bytes)}`)
    .join(', ');
}

/** A size in whole MiB, for people. */
export function mib(bytes: number): string {
  return `${Number.isFinite(bytes) ? Math.ceil(bytes / MIB) : '∞'} MiB`;
}
