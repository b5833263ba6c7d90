/**
 * A text from outside as a terminal may be given it, on one line: what would break the line, move the cursor, set a title or turn the direction
 * of writing is shown as JSON writes it (`\n`, `\u001b`, `\u202e`). Inside a text of JSON it stands for the same character.
 *
 * Control characters of both sets, the separators of lines and paragraphs (Unicode categories Cc, Zl, Zp), and what has the property
 * Bidi_Control, which is what "Trojan Source" (CVE-2021-42574) is made of.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, escaped);
}

/** The same of a text in lines of its own making: its line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(INVISIBLE, character => (character === '\n' || character === '\t' ? character : escaped(character)));
}

/** The same of a line whose writer may colour it: SGR stays, and ends with the line. */
export function visibleColoured(text: string): string {
  const parts = text.split(SGR);
  if (parts.length === 1) return tabbed(text);
  return `${parts.map((part, i) => (i % 2 === 1 ? part : tabbed(part))).join('')}\u001b[0m`;
}

/** The same of what has been laid out and coloured for a terminal: nothing is left of the rest, should a text have been forgotten. */
export function visibleLaidOut(text: string): string {
  return text
    .split(SGR)
    .map((part, i) => (i % 2 === 1 ? part : visibleLines(part)))
    .join('');
}

const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** Select Graphic Rendition of ECMA-48: colours and the like, which reach no further than the text. */
// eslint-disable-next-line no-control-regex
const SGR = /(\u001b\[[\d;]*m)/u;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function tabbed(text: string): string {
  return text.split('\t').map(visible).join('\t');
}
