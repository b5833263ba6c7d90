import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Bytes of a file that is looked into: what people write by hand is smaller. */
const LARGEST = 1024 * 1024;

/** Where in the files of a project something went wrong. */
export interface OwnCode {
  /** Such as `src/component.ts:42:13`, from the folder of the project. */
  readonly place: string;
  /** What stands in that line; `undefined` if the file cannot be read, or is another by now. */
  readonly code: string | undefined;
}

/**
 * The first line of an error's stack that is in a folder and in no dependency: what the person has written who reads it. `undefined` if none is.
 *
 * @param message the error's own, which may have lines that look like those of a stack.
 */
export function ownCode(stack: string, message: string, folder: string): OwnCode | undefined {
  const from = stack.indexOf(message);
  if (from < 0) return undefined;
  for (const line of stack.slice(from + message.length).split('\n')) {
    const [, where = '', row = '', column = ''] = /^\s+at (?:.* \()?(\S.*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
    const path = pathOf(where);
    if (path === undefined) continue;
    const inside = relative(folder, path);
    if (inside.startsWith('..') || isAbsolute(inside) || /(^|[\\/])node_modules[\\/]/.test(inside)) continue;
    return { place: `${inside}:${row}:${column}`, code: lineOf(path, Number(row)) };
  }
  return undefined;
}

function pathOf(where: string): string | undefined {
  try {
    if (where.startsWith('file:')) return fileURLToPath(where);
  } catch {
    return undefined;
  }
  return isAbsolute(where) ? where : undefined;
}

function lineOf(path: string, row: number): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > LARGEST) return undefined;
    const code = readFileSync(path, 'utf8').split('\n')[row - 1]?.trim();
    return code === '' ? undefined : code;
  } catch {
    return undefined;
  }
}
