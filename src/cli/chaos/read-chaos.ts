import { readFileSync, statSync } from 'node:fs';
import { isMap, isNode, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { UsageError } from '../cli-error.js';
import type { ChaosStep } from './chaos-script.js';
import { readStep, StepProblem } from './read-step.js';

/** Lines of a script that may be wrong before the rest is not told any more. */
const PROBLEMS_TOLD = 10;
/** A script is written by hand, or recorded: one that is larger is another file, and YAML takes a hundred times its size to read. */
const LARGEST_SCRIPT = 1024 * 1024;

/**
 * Reads the argument of `--chaos`: a file (YAML, a list of steps; or NDJSON, a step a line), or a timeline such as
 * `5s offline, 8s online`. Throws with all that is wrong, by line.
 */
export function readChaos(argument: string): readonly ChaosStep[] {
  const file = statSync(argument, { throwIfNoEntry: false });
  if (file !== undefined) return readScript(readFile(argument, file.size), argument);
  if (/^\s*\d/.test(argument)) return readTimeline(argument);
  throw new UsageError(
    `There is no file ${argument}, and it is no timeline of faults.`,
    "Give a script's path, or a timeline such as '5s offline, 8s online'.",
  );
}

function readFile(path: string, size: number): string {
  if (size > LARGEST_SCRIPT)
    throw new UsageError(`${path} has ${String(size)} bytes, and a script of faults 1 MiB at most.`, 'Let steps repeat with every.');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The script ${path} could not be read (${String(code)}).`, 'Give a file that this user may read.');
  }
}

function readTimeline(text: string): readonly ChaosStep[] {
  return text.split(',').map(part => {
    const [, time = '', fault = ''] = /^\s*(\S+)\s+(.*?)\s*$/.exec(part) ?? [];
    return mended(`--chaos ${JSON.stringify(part.trim())}`, () =>
      readStep({ at: time, ...(fault === 'stop' ? { stop: true } : { fault }) }),
    );
  });
}

/** A script in YAML or NDJSON. `source` is what it is called in messages. */
export function readScript(text: string, source: string): readonly ChaosStep[] {
  const lines = new LineCounter();
  // NDJSON is YAML once its lines are documents of their own.
  const isNdjson = /^\s*\{/.test(text);
  const documents = parseAllDocuments(isNdjson ? text.replace(/\n(?=\s*\{)/g, '\n--- ') : text, {
    lineCounter: lines,
    prettyErrors: false,
  });
  const problems: string[] = [];
  const say = (offset: number, problem: string): void =>
    void problems.push(`${source}:${String(Math.max(1, lines.linePos(offset).line))}: ${problem}`);
  const steps: ChaosStep[] = [];
  for (const document of Array.isArray(documents) ? (documents as Document.Parsed[]) : []) {
    for (const { message, pos } of document.errors) say(pos[0], message);
    if (document.errors.length > 0) continue;
    const { contents } = document;
    const nodes = isSeq(contents) ? contents.items : [contents];
    for (const node of nodes) {
      const offset = (isNode(node) ? node.range : undefined)?.[0] ?? 0;
      try {
        if (!isMap(node))
          throw new StepProblem('a script is a list of steps, each with a time and a fault, such as - { at: 5s, fault: offline }');
        steps.push(readStep(node.toJS(document)));
      } catch (error) {
        if (!(error instanceof StepProblem)) throw error;
        say(offset, error.message);
      }
    }
  }
  if (problems.length === 0) return steps;
  const more = problems.length - PROBLEMS_TOLD;
  throw new UsageError(
    `The script of faults cannot be used.`,
    ...problems.slice(0, PROBLEMS_TOLD),
    ...(more > 0 ? [`and ${String(more)} more`] : []),
  );
}

function mended(source: string, read: () => ChaosStep): ChaosStep {
  try {
    return read();
  } catch (error) {
    throw error instanceof StepProblem ? new UsageError(`${source}: ${error.message}.`) : error;
  }
}
