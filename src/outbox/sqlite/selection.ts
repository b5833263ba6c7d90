import { topicMatches } from '../../topic/topic-matches.js';
import type { Row } from './database.js';

/** Places from the first to the last, both included. */
export interface Places {
  readonly first: number;
  readonly last: number;
}

/** Which messages of a file are meant. */
export interface Selection {
  /** `undefined`: all. */
  readonly places?: readonly Places[] | undefined;
  /** Those whose topic this filter matches. */
  readonly topicFilter?: string | undefined;
}

/** Rows that are read at once. */
const PAGE = 256;

/** The rows of a table that has places, in their order, a page at a time: what has been handed on may be deleted. */
export function* selected(
  select: (from: number, to: number, rows: number) => readonly Row[],
  { places = [{ first: 0, last: Number.MAX_SAFE_INTEGER }], topicFilter }: Selection,
): Generator<Row> {
  for (const { first, last } of places)
    for (let from = first; from <= last;) {
      const rows = select(from, last, PAGE);
      for (const row of rows) if (topicFilter === undefined || topicMatches(topicFilter, String(row['topicName']))) yield row;
      const place = rows.at(-1)?.['place'];
      // A damaged tree may lead back to where it has been.
      if (typeof place !== 'number' || place < from) break;
      from = place + 1;
    }
}
