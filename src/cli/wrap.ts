import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks a text at spaces into lines of at most `width` columns. A word that is longer gets a line of its own, uncut, so that a
 * path or a topic can still be copied.
 *
 * @param hang indents every line but the first; `first` the first.
 */
export function wrap(text: string, width: number, hang = '', first = ''): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = hang;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Columns a text takes in a terminal: colours take none, wide characters two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of SEGMENTER.segment(stripVTControlCharacters(text))) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** East Asian wide characters and emoji, as terminals show them. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303F\uFF00-\uFF60])/u;
