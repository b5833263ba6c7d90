import { readFile } from 'node:fs/promises';

/** A fenced block of TypeScript in a doc comment or in a Markdown file. */
export interface DocExample {
  /** Where its fence stands, as `file:line`. */
  readonly place: string;
  /** The program, behind as many empty lines as stand before it in its file, so that its line numbers are the file's. */
  readonly program: string;
  /** `false` for a fence marked `ts no-run`: that one is type-checked only. */
  readonly runs: boolean;
}

/** What was found in a file: examples, and places that look like examples but would not be checked. */
export interface Found {
  readonly examples: readonly DocExample[];
  readonly complaints: readonly string[];
}

/** Other names of the two languages: a fence that nobody checks would rot. */
const UNCHECKED = /^(js|javascript|mjs|cjs|typescript|mts|cts|tsx|jsx)$/;

/** Says of which file of the tutorial's project this is an excerpt; check-tutorial compares it with the file. */
const FILE = /^<!-- file \S+ -->$/;

/** Every example of a `.ts` or `.md` file. */
export async function examplesOf(root: string, file: string): Promise<Found> {
  const lines = (await readFile(`${root}/${file}`, 'utf8')).split('\n');
  return readExamples(file, file.endsWith('.ts') ? lines.map(commentText) : lines);
}

/** The text of a line within a doc comment; nothing for a line of code. */
function commentText(line: string): string {
  return /^\s*(?:\/\*\*|\*(?!\/)) ?(.*?)(?:\*\/)?$/.exec(line)?.[1] ?? '';
}

function readExamples(file: string, lines: readonly string[]): Found {
  const examples: DocExample[] = [];
  const complaints: string[] = [];
  let fence: { readonly marker: string; readonly start: number; readonly language: string; readonly flags: string } | undefined;
  let promised: number | undefined;
  lines.forEach((line, i) => {
    const place = `${file}:${i + 1}`;
    if (fence !== undefined) {
      if (line.trim() !== fence.marker) return;
      if (fence.language === 'ts' && fence.flags !== 'excerpt') {
        const program = '\n'.repeat(fence.start + 1) + lines.slice(fence.start + 1, i).join('\n') + '\n';
        examples.push({ place: `${file}:${fence.start + 1}`, program, runs: fence.flags !== 'no-run' });
      }
      fence = undefined;
      return;
    }
    if (line.trim() === '@example') promised = i;
    else if (promised !== undefined && line.startsWith('@')) promised = undefined;
    const [, marker, language = '', flags = ''] = /^\s*(`{3,}|~{3,})(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
    if (marker === undefined) {
      if (promised !== undefined && i === promised + 3)
        complaints.push(`${file}:${promised + 1} an @example without a \`\`\`ts fence in the lines below it`);
      return;
    }
    promised = undefined;
    fence = { marker, start: i, language, flags };
    if (UNCHECKED.test(language)) complaints.push(`${place} a fence in ${language}: write it as \`\`\`ts, so that it is checked`);
    if (language === 'ts' && flags === 'excerpt') {
      if (!FILE.test(lines[i - 2] ?? ''))
        complaints.push(`${place} an excerpt of no file: say which, with <!-- file src/x.ts --> above it`);
    } else if (language === 'ts' && flags !== '' && flags !== 'no-run')
      complaints.push(`${place} a fence marked ${flags}: only no-run and excerpt are known`);
  });
  if (fence !== undefined) complaints.push(`${file}:${fence.start + 1} a fence that does not end`);
  return { examples, complaints };
}
