/**
 * The leak detector notes the stack of each promise and handle, and Vite maps every frame of a stack to its source: for tests that make
 * many, ten times what they take themselves. So for these stacks each place is mapped once. A stack without the file of the test is not
 * mapped at all: the detector takes another in its place, that of what the promise or handle was made for.
 */
const OF_LEAK_DETECTOR = 'VITEST_DETECT_ASYNC_LEAKS';
const MAX_PLACES = 50_000;

type Prepare = (error: Error, frames: NodeJS.CallSite[]) => unknown;

const places = new Map<string, string>();
const { __vitest_worker__: worker } = globalThis as { readonly __vitest_worker__?: { readonly filepath?: string } };

function mappingOnce(mapped: Prepare): Prepare {
  return function mappedOnce(error, frames) {
    if (error.message !== OF_LEAK_DETECTOR) return mapped(error, frames);
    const file = worker?.filepath;
    if (file !== undefined && !frames.some(frame => frame.getFileName() === file)) return String(error);
    if (places.size > MAX_PLACES) places.clear();
    const lineOf = (frame: NodeJS.CallSite): string => {
      const place = `${frame.getFileName()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
      const known = places.get(place);
      if (known !== undefined) return known;
      const line =
        String(mapped(error, [frame]))
          .split('\n')
          .at(-1) ?? '';
      // What is built in, such as the constructor of a promise, has no place.
      if (frame.getLineNumber() !== null) places.set(place, line);
      return line;
    };
    return [String(error), ...frames.map(lineOf)].join('\n');
  };
}

// Vite has set it before; where it has not, nothing is mapped. Files that share a process come here again.
const { prepareStackTrace: before } = Error as { prepareStackTrace?: Prepare };
if (before !== undefined && before.name !== 'mappedOnce') Error.prepareStackTrace = mappingOnce(before);
