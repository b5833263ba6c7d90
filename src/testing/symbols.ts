import { describeValue, type Difference, differenceOf, differenceOfPart, isAsymmetric, isEither, isPlain } from './equal.js';
import { payloadContent } from './messages.js';

/** What the symbols of a diagram stand for. Without a table of values a symbol stands for itself. */
export interface Tables {
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /** Symbols for a `Left`: its tag, what its error is, members that an `Error` must have, or an asymmetric matcher. */
  readonly lefts?: Readonly<Record<string, unknown>> | undefined;
}

/** What is wrong with a symbol of the diagram, if it is in no table. */
export function symbolProblem(symbol: string, { values, lefts }: Tables): string | undefined {
  if (!isTable(values) || has(values, symbol) || has(lefts, symbol)) return undefined;
  const known = [...Object.keys(values), ...Object.keys(lefts ?? {})].filter(key => key !== '#');
  return `The diagram has a "${symbol}" that is in no table. The tables have ${known.length === 0 ? 'nothing' : known.join(', ')}.`;
}

/** Whether a table says what values are, and not only which error the stream fails with. */
export function isTable(values: Tables['values']): values is Readonly<Record<string, unknown>> {
  return values !== undefined && Object.keys(values).join() !== '#';
}

/** How a value differs from what a symbol stands for; `undefined` if it does not. */
export function symbolDifference(symbol: string, actual: unknown, { values, lefts }: Tables): Difference | undefined {
  if (lefts !== undefined && has(lefts, symbol)) return leftDifference(lefts[symbol], actual);
  if (!isTable(values)) return symbolItself(symbol, actual);
  const expected = values[symbol];
  if (!isEither(actual) || isEither(expected)) return valueDifference(expected, actual);
  // A matcher may be meant for the Either itself.
  if (isAsymmetric(expected) && expected.asymmetricMatch(actual)) return undefined;
  return actual._tag === 'Left' ? { path: '', expected, actual } : valueDifference(expected, actual.right);
}

/** What a symbol without a table stands for: the text it is. */
function symbolItself(symbol: string, actual: unknown): Difference | undefined {
  const right = isEither(actual) && actual._tag === 'Right' ? actual.right : actual;
  const content = isMessage(right) ? contentOf(right) : right;
  return symbol === content || symbol === String(content) ? undefined : { path: '', expected: symbol, actual: right };
}

/**
 * How an error differs from a tag, or from what it should be. Members stand for part of an `Error`, since they cannot be the whole of it.
 */
export function errorDifference(wanted: unknown, error: unknown): Difference | undefined {
  if (typeof wanted === 'string' && typeof error !== 'string') return differenceOfPart({ _tag: wanted }, error);
  return isPlain(wanted) && !isAsymmetric(wanted) && error instanceof Error ? differenceOfPart(wanted, error) : differenceOf(wanted, error);
}

function leftDifference(wanted: unknown, actual: unknown): Difference | undefined {
  if (!isEither(actual) || actual._tag === 'Right') return { path: '', expected: `a Left: ${describeValue(wanted)}`, actual };
  return errorDifference(wanted, actual.left);
}

function valueDifference(expected: unknown, actual: unknown): Difference | undefined {
  if (!isMessage(actual) || isMessage(expected)) return differenceOf(expected, actual);
  const difference = differenceOf(expected, contentOf(actual));
  if (difference === undefined || !isAsymmetric(expected)) return difference;
  // A matcher may be meant for the message, and not for its payload: then the members that it asks for are there, whatever their values.
  const ofMessage = differenceOf(expected, actual);
  return ofMessage === undefined || (ofMessage.path !== '' && ofMessage.actual !== undefined) ? ofMessage : difference;
}

interface Message {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly value?: unknown;
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  return 'topicName' in value && 'payload' in value && value.payload instanceof Uint8Array;
}

/** What a message stands for where a table has no message: its decoded value, or its payload. */
function contentOf(message: Message): unknown {
  return 'value' in message ? message.value : payloadContent(message.payload);
}

/** A value as a message's content, for legends: what tables are written in. */
export function valueOfMessage(value: unknown): unknown {
  if (isEither(value) && value._tag === 'Right') return valueOfMessage(value.right);
  return isMessage(value) ? contentOf(value) : value;
}

function has(table: Readonly<Record<string, unknown>> | undefined, symbol: string): boolean {
  return table !== undefined && Object.hasOwn(table, symbol);
}

const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SMALL = CAPITALS.toLowerCase();
/** Where letters go on when those of ASCII are used up: all of them are symbols to a diagram. */
const FURTHER = 0x100;

/** Gives one letter after another that is not taken, and takes it; capitals first, or small ones. */
export function untaken(taken: Set<string>, first: 'capitals' | 'small'): () => string {
  const letters = (first === 'capitals' ? CAPITALS + SMALL : SMALL + CAPITALS).split('');
  let further = FURTHER;
  const next = (): string => letters.shift() ?? String.fromCharCode(further++);
  return () => {
    let letter = next();
    while (taken.has(letter)) letter = next();
    taken.add(letter);
    return letter;
  };
}
