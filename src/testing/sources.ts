import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { TestScheduler } from 'rxjs/testing';
import { parseDiagram } from './diagram.js';
import type { MarbleKit } from './kit.js';
import type { MarbleRun } from './run.js';

type Table = Readonly<Record<string, unknown>>;

/** Sources that are drawn. What RxJS lets pass is refused: a symbol that is in no table would be `undefined`. */
export function sourcesOf(scheduler: TestScheduler, run: MarbleRun): Pick<MarbleKit, 'cold' | 'hot' | 'coldEither' | 'hotEither'> {
  const read = (diagram: string, values: Table | undefined, lefts: Table = {}): readonly string[] => {
    const drawn = parseDiagram(diagram);
    for (const { at } of drawn) run.reaches(at);
    const symbols = [...new Set(drawn.flatMap(one => (one.kind === 'N' ? [one.symbol] : [])))];
    const unknown = symbols.find(symbol => values !== undefined && !Object.hasOwn(values, symbol) && !Object.hasOwn(lefts, symbol));
    if (unknown === undefined) return symbols;
    throw new TypeError(`The symbol "${unknown}" of the source "${diagram}" is in no table.`);
  };
  const eithers = <E, A>(
    diagram: string,
    values?: Readonly<Record<string, A>>,
    lefts?: Readonly<Record<string, E>>,
  ): Record<string, Either<E, A>> =>
    Object.fromEntries(
      read(diagram, values, lefts).map(symbol => {
        if (lefts !== undefined && Object.hasOwn(lefts, symbol)) return [symbol, left(lefts[symbol] as E)];
        // Without a table A is the type of the symbols.
        return [symbol, right((values === undefined ? symbol : values[symbol]) as A)];
      }),
    );
  return {
    cold: (diagram, values, error: unknown) => {
      read(diagram, values);
      return scheduler.createColdObservable(diagram, values, error);
    },
    hot: (diagram, values, error: unknown) => {
      read(diagram, values);
      return scheduler.createHotObservable(diagram, values, error);
    },
    coldEither: (diagram, values, lefts) => scheduler.createColdObservable(diagram, eithers(diagram, values, lefts)),
    hotEither: (diagram, values, lefts) => scheduler.createHotObservable(diagram, eithers(diagram, values, lefts)),
  };
}
