/** A row of a picture: what it is called, and its diagram in RxJS' marble syntax. */
export interface PictureLane {
  readonly label: string;
  readonly diagram: string;
}

/**
 * A marble picture of the documentation, from a fence such as
 *
 * ```
 * readings  -a----b-----c-----d--|
 *           deadband({ key: 'single', value: celsius => celsius, absolute: 1 })
 *           -a----------------d--|
 * where     a: 20, b: 20.4, c: 20.9, d: 21.2
 * left      x: LateData
 * ```
 *
 * One or more lanes go in, the operator is an expression, one lane comes out. `where` says what the symbols stand for, `left` which are
 * `Left`s, by their tags. The test of the pictures runs the operator on the lanes; the site draws them.
 */
export interface MarblePicture {
  readonly inputs: readonly [PictureLane, ...PictureLane[]];
  readonly operator: string;
  readonly output: PictureLane;
  /** The text behind `where`, of YAML. */
  readonly where: string;
  readonly left: string;
}

const OPERATOR = /^\s*([a-z]\w{2,}\(.*\))$/i;
const LANE = /^(\S*)\s+(\S.*?)\s*$/;
const TABLE = /^(where|left)\s+(.*)$/;

/** A fence in a Markdown text; its first group is the text of the picture. */
export const PICTURE_FENCE = /^```marbles\n(.*?)^```$/gms;

/** The fences of a Markdown text, with the line each begins on. */
export function pictureFences(markdown: string): readonly { readonly line: number; readonly text: string }[] {
  return [...markdown.matchAll(PICTURE_FENCE)].map(match => ({
    line: markdown.slice(0, match.index).split('\n').length,
    text: match[1] ?? '',
  }));
}

/** @throws Error with a sentence, where the text is no picture. */
export function parsePicture(text: string): MarblePicture {
  const inputs: PictureLane[] = [];
  const outputs: PictureLane[] = [];
  const tables = { where: [''], left: [''] };
  let operator = '';
  for (const line of text.split('\n').filter(each => each.trim() !== '')) {
    const table = TABLE.exec(line);
    const expression = OPERATOR.exec(line);
    const lane = LANE.exec(line);
    if (table !== null) tables[table[1] === 'left' ? 'left' : 'where'].push(table[2] ?? '');
    else if (expression !== null) operator += expression[1] ?? '';
    else if (lane !== null) (operator === '' ? inputs : outputs).push({ label: lane[1] ?? '', diagram: lane[2] ?? '' });
    else throw new Error(`A marble picture has the line ${JSON.stringify(line)}, which is no lane, operator or table.`);
  }
  const [first, ...others] = inputs;
  const [output, ...more] = outputs;
  if (first === undefined || output === undefined || more.length > 0 || operator === '')
    throw new Error('A marble picture has lanes that go in, an operator, and one lane that comes out.');
  return {
    inputs: [first, ...others],
    operator,
    output,
    where: tables.where.filter(Boolean).join(', '),
    left: tables.left.filter(Boolean).join(', '),
  };
}
