import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { capped, exponential, fullJitter, publishTo, pullThrough, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { E, pipe, t } from 'greengrass-rx/fp';
import { connect, defer, filter, ignoreElements, merge, takeWhile, tap } from 'rxjs';

/** A line of the file, with its number from 1 on. */
interface Line {
  readonly number: number;
  readonly text: string;
}

/** Where lines go. */
export const TOPIC = 'uploads/readings';

/** Lines between two marks. What was accepted after the last mark is sent again by the next process. */
const MARK_EVERY = 100;

/**
 * Publishes a file of any length line by line, as fast as the nucleus takes them and with no more than a few lines in memory, through
 * broken connections, and goes on where the last process was. Each line is accepted at least once.
 */
export default component({
  name: 'com.example.FileUpload',
  version: '1.0.0',
  config: t.type({ file: t.string }),
  defaults: { file: 'readings.ndjson' },
  run: (proxy, { file }) => ({
    upload: defer(() =>
      pullThrough(
        linesAfter(markOf(file), file),
        publishTo(proxy, ({ text }) => ({ topicName: TOPIC, payload: text, qos: QOS.AT_LEAST_ONCE }), {
          name: 'lines',
          topics: [TOPIC],
          // In the order of the file, so that one number says what is done.
          ordered: true,
          retry: pipe(exponential(20), capped(5_000), fullJitter),
        }),
      ).pipe(
        // Up to the first failure everything is done. What was accepted after it is not: a mark there would skip the line that failed.
        connect(outcomes$ =>
          merge(
            outcomes$,
            outcomes$.pipe(
              takeWhile(E.isRight),
              filter(({ right: { value } }) => value.number % MARK_EVERY === 0),
              tap(({ right: { value } }) => mark(file, value.number)),
              ignoreElements(),
            ),
          ),
        ),
      ),
    ),
  }),
});

async function* linesAfter(done: number, file: string): AsyncGenerator<Line> {
  const handle = await open(file);
  try {
    let number = 0;
    for await (const text of handle.readLines()) {
      if (++number > done) yield { number, text };
    }
  } finally {
    await handle.close();
  }
}

/** How many lines earlier processes have published. */
function markOf(file: string): number {
  return existsSync(`${file}.done`) ? Number(readFileSync(`${file}.done`, 'utf8')) : 0;
}

/** Whole, whenever the process ends: a rename is all or nothing. */
function mark(file: string, number: number): void {
  writeFileSync(`${file}.done.new`, String(number));
  renameSync(`${file}.done.new`, `${file}.done`);
}
