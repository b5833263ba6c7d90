/** The colours that programs ask for by number, as a dark terminal shows them. */
const PALETTE = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'];
const BRIGHT = ['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#ffffff'];
const INK = '#e6edf3';
const PAPER = '#0d1117';
/** Pixels of a character, and around all of them. */
const WIDTH = 8;
const HEIGHT = 18;
const MARGIN = 14;

interface Style {
  readonly ink: string;
  readonly paper: string;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

const PLAIN: Style = { ink: INK, paper: PAPER, isBold: false, isDim: false };

function styled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code === 39) return { ...style, ink: INK };
  if (code === 49) return { ...style, paper: PAPER };
  const colour = code % 10;
  if (code >= 30 && code < 38) return { ...style, ink: PALETTE[colour] ?? INK };
  if (code >= 40 && code < 48) return { ...style, paper: PALETTE[colour] ?? PAPER };
  if (code >= 90 && code < 98) return { ...style, ink: BRIGHT[colour] ?? INK };
  return style;
}

const escaped = (text: string): string => text.replace(/[&<>" ]/g, one => (one === ' ' ? '\u00a0' : `&#${one.charCodeAt(0)};`));

/** As the terminal breaks what is too wide for it. Commands take no room. */
function broken(line: string, columns: number): readonly string[] {
  // eslint-disable-next-line no-control-regex -- these are the characters that it is about
  const cells = line.match(/\u001b\[[\d;?]*[A-Za-z]|./gu) ?? [];
  const rows = [''];
  let column = 0;
  for (const cell of cells) {
    const room = cell.length > 2 ? 0 : 1;
    if (column + room > columns) {
      rows.push('');
      column = 0;
    }
    rows.push((rows.pop() ?? '') + cell);
    column += room;
  }
  return rows;
}

/** What a program has printed in a terminal, its colours among it, as SVG. Lines alone: what moves the cursor is left out. */
export function terminalPicture(printed: string, columns: number): string {
  const lines = printed
    .replaceAll('\r', '')
    .trimEnd()
    .split('\n')
    .flatMap(line => broken(line, columns));
  let style = PLAIN;
  const rows = lines.map((line, row) => {
    const y = MARGIN + row * HEIGHT;
    let column = 0;
    // Each part is what to do, and the text after it.
    // eslint-disable-next-line no-control-regex -- these are the characters that it is about
    const drawn = line.split(/(?=\u001b\[)/).map(part => {
      // eslint-disable-next-line no-control-regex -- as above
      const [command = '', codes = '', kind = ''] = /^\u001b\[([\d;?]*)([A-Za-z])/.exec(part) ?? [];
      if (kind === 'm') for (const code of codes.split(';')) style = styled(style, Number(code));
      const all = part.slice(command.length);
      // Blanks at the ends are no part of what is drawn: not every viewer keeps them. They are where there is paper of another colour.
      const text = style.paper === PAPER ? all.trim() : all;
      const start = style.paper === PAPER ? column + all.length - all.trimStart().length : column;
      const [x, width] = [MARGIN + start * WIDTH, text.length * WIDTH];
      column += all.length;
      if (text === '') return '';
      const paper = style.paper === PAPER ? '' : `<rect x="${x}" y="${y}" width="${width}" height="${HEIGHT}" fill="${style.paper}"/>`;
      const weight = `${style.isBold ? ' font-weight="bold"' : ''}${style.isDim ? ' opacity="0.65"' : ''}`;
      return `${paper}<text x="${x}" y="${y + 13}" textLength="${width}" fill="${style.ink}"${weight}>${escaped(text)}</text>`;
    });
    return drawn.join('');
  });
  const [width, height] = [columns * WIDTH + 2 * MARGIN, lines.length * HEIGHT + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">`,
    ...rows.filter(Boolean),
    '</g></svg>\n',
  ].join('\n');
}
