/**
 * A text from outside in the form in which a terminal may be given it, on one line: characters that would break the line, move the cursor,
 * set a title or turn the direction of writing are shown as JSON writes them (`\n`, `\u001b`, `\u202e`). Inside a string of JSON they stand
 * for the same characters.
 *
 * These are the control characters of both sets, the separators of lines and paragraphs (Unicode categories Cc, Zl, Zp), and the characters
 * with the property Bidi_Control, of which "Trojan Source" (CVE-2021-42574) is made.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, escaped);
}

/** The same for a text of several lines: its line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(INVISIBLE, character => (character === '\n' || character === '\t' ? character : escaped(character)));
}

/** The same for a line whose writer may colour it: colours (SGR) stay, and end with the line. */
export function visibleColoured(text: string): string {
  const parts = text.split(SGR);
  if (parts.length === 1) return tabbed(text);
  return `${parts.map((part, i) => (i % 2 === 1 ? part : tabbed(part))).join('')}\u001b[0m`;
}

/**
 * The same for a text that has been laid out and coloured for a terminal, should a part of it not have been made visible before: all but
 * line feeds, tabs and colours is.
 */
export function visibleLaidOut(text: string): string {
  return text
    .split(SGR)
    .map((part, i) => (i % 2 === 1 ? part : visibleLines(part)))
    .join('');
}

const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** Select Graphic Rendition of ECMA-48: colours and the like, which affect nothing but text. */
// eslint-disable-next-line no-control-regex
const SGR = /(\u001b\[[\d;]*m)/u;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function tabbed(text: string): string {
  return text.split('\t').map(visible).join('\t');
}

/**
 * A number with what it counts: `1 message`, `2 publishes`. A verb may follow, in its form for one and for several: `1 message was`,
 * `2 messages were`.
 */
export function plural(count: number, noun: string, verb?: readonly [one: string, several: string]): string {
  const [counted, form] = count === 1 ? [noun, verb?.[0]] : [noun + (noun.endsWith('sh') ? 'es' : 's'), verb?.[1]];
  return `${count} ${counted}${form === undefined ? '' : ` ${form}`}`;
}

/** What was thrown, in words: anything can be, and only an error has a message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
