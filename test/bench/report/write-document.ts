import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';

const BEGIN = '<!-- bench:begin, written by npm run bench -->';
const END = '<!-- bench:end -->';

/** Puts the tables between the two marks of the document, and leaves the rest as it is. */
export async function writeDocument(file: string, tables: string): Promise<void> {
  const document = await readFile(file, 'utf8');
  const [before, after] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`docs/benchmarks.md must have the lines ${BEGIN} and ${END}.`);
  const written = `${document.slice(0, before)}${BEGIN}\n\n${tables}\n\n${document.slice(after)}`;
  await writeFile(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
