import type { Finding } from './finding.js';
import type { DryRecord } from './record.js';

/** Bytes of the largest message AWS IoT Core takes. */
export const LARGEST_MESSAGE: number = 128 * 1_024;
/** Publishes a second that AWS IoT Core takes on one connection, which all components of a device share. */
const PUBLISHES_PER_SECOND = 100;

const MIB = 1_024 * 1_024;
/** What all buffers of a component may come to where nobody says. */
const SMALL_DEVICE = 16 * MIB;
/** Bytes of a message that is neither small nor large. */
const USUAL_MESSAGE = 1_024;

/**
 * What the component publishes by itself, against the quotas of AWS IoT Core; and what its buffers can come to, against the memory there is.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas".
 */
export function checkQuotas(record: DryRecord, memory: number | undefined): readonly Finding[] {
  return [...rate(record), ...sizes(record), ...buffers(record, memory)];
}

function rate({ publishes, horizon }: DryRecord): readonly Finding[] {
  const perSecond = (publishes.length * 1_000) / horizon;
  if (perSecond <= PUBLISHES_PER_SECOND) return [];
  const message = `Without any message coming it publishes ${Math.round(perSecond)} times a second; AWS IoT Core takes ${PUBLISHES_PER_SECOND} a second from all components of a device together. Publish less often, or gather with batch().`;
  return [{ severity: 'warning', about: 'quotas', message }];
}

function sizes({ publishes }: DryRecord): readonly Finding[] {
  const tooLarge = publishes.filter(({ payloadBytes }) => payloadBytes > LARGEST_MESSAGE);
  return [...new Map(tooLarge.map(publish => [publish.topicName, publish])).values()].map(({ topicName, payloadBytes }) => ({
    severity: 'error',
    about: 'quotas',
    message: `It publishes ${payloadBytes} bytes to ${JSON.stringify(topicName)}; AWS IoT Core takes at most ${LARGEST_MESSAGE}.`,
  }));
}

/** The most that can be inside a stage: what waits and what is worked on, each as large as this. */
function mostBytesOf({ kind, declaration }: DryRecord['stages'][number], largest: number): number {
  const { buffer, inFlight = 8 } = declaration;
  if (buffer === undefined) return 0;
  const waiting = Math.min(buffer.bytes ?? Infinity, buffer.messages * largest);
  return kind === 'batch' ? waiting : waiting + inFlight * largest;
}

/**
 * What buffers can come to is worth a word where there is a bound that they can exceed. Nobody's are full of the largest messages there are: without a bound
 * of the user's own, they may come to {@link SMALL_DEVICE} of {@link USUAL_MESSAGE}s.
 */
function buffers({ stages }: DryRecord, memory: number | undefined): readonly Finding[] {
  const largest = memory === undefined ? USUAL_MESSAGE : LARGEST_MESSAGE;
  const sizes = stages.map(stage => ({ name: stage.name, bytes: mostBytesOf(stage, largest) })).filter(({ bytes }) => bytes > 0);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const bound = memory ?? SMALL_DEVICE;
  if (total <= bound) return [];
  const list = sizes
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, 5)
    .map(({ name, bytes }) => `${name} ${mib(bytes)}`)
    .join(', ');
  const full = memory === undefined ? 'messages of 1 KiB' : 'the largest messages there are (128 KiB)';
  const more = memory === undefined ? `the ${mib(bound)} that a small device has to spare` : `the ${mib(bound)} it may have`;
  const message = `Full of ${full}, its buffers come to ${mib(total)}, more than ${more}: ${list}. Bound them in bytes (buffer: { bytes, sizeOf }) or let fewer messages wait.`;
  return [{ severity: memory === undefined ? 'note' : 'warning', about: 'memory', message }];
}

function mib(bytes: number): string {
  return `${Number.isFinite(bytes) ? Math.ceil(bytes / MIB) : '∞'} MiB`;
}
