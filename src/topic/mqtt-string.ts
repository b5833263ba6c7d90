/** A lone half of a surrogate pair; with the `u` flag a whole pair is one code point and does not match. */
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;

/**
 * What makes `text` unfit to be an MQTT string, or `undefined`. A lone surrogate has no UTF-8 form: JSON carries it to
 * the nucleus, which then sends `?` or something else in its place. Control characters other than NUL are permitted.
 *
 * Source: MQTT 3.1.1 section 1.5.3, MQTT-1.5.3-1 and MQTT-1.5.3-2.
 */
export function mqttStringProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.includes('\u0000')) return 'contains the character U+0000, which MQTT forbids';
  if (LONE_SURROGATE.test(text))
    return 'contains half of a surrogate pair, which has no UTF-8 form: a string was cut in the middle of a character';
  return undefined;
}

const QUOTED_CHARACTERS = 80;

/** `text` for a sentence: quoted, with everything invisible escaped, and cut where it is long. */
export function quoted(text: string): string {
  return text.length <= QUOTED_CHARACTERS ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, QUOTED_CHARACTERS))}…`;
}
