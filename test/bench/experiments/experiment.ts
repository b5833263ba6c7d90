import type { JobOf, MeasureName, ResultOf } from '../measures/index.js';
import { runMeasure } from '../measures/run-measure.js';
import type { ClientReport } from '../server/clients.js';
import type { BenchServer } from '../server/start-server.js';
import { median } from '../statistics.js';
import type { Scale } from './scale.js';

/** One line of the table: a promise, and what was measured. */
export interface Row {
  readonly what: string;
  readonly atLeast: string;
  readonly measured: string;
  readonly met: boolean;
  /** What the short form holds of it to a budget, or why nothing. A ratio has one of the two. */
  readonly held?: readonly Held[] | NotHeld;
}

/**
 * A cost in relation to that of a peer, or to its own of less: the lower, the better. It says the same as its row in a way that a busy
 * machine changes little, such as in processor time where the row has a rate.
 */
export interface Held {
  readonly what: string;
  readonly ratio: number;
  /** Measured by the clock on the wall, for what waits without using the processor: a busy machine changes it more. */
  readonly isWall?: boolean | undefined;
}

export interface NotHeld {
  readonly why: string;
}

/** One line of the figures behind the table. */
export interface Figure {
  readonly what: string;
  readonly who: string;
  readonly figure: string;
  readonly cpuMicroseconds?: number | undefined;
  readonly megabytes?: number | undefined;
  /** Of a core. */
  readonly serverBusy?: number | undefined;
}

/** What an experiment runs in. */
export interface RunContext {
  readonly server: BenchServer;
  /** Options of Node for the processes of the clients, such as those that make a profile. */
  readonly execArgv: readonly string[];
  readonly tell: (line: string) => void;
}

/** A group of cases whose figures belong together. */
export interface Experiment {
  readonly name: string;
  /** Whether each of its cases is one process that keeps one core busy, and waits for nobody. */
  readonly oneCore?: boolean | undefined;
  /** Measures every case once. The order changes from round to round, so that no case always comes after the same one. */
  readonly run: (round: number, context: RunContext) => Promise<void>;
  readonly rows: () => readonly Row[];
  readonly figures: () => readonly Figure[];
}

type Job<M extends MeasureName> = Omit<JobOf<M>, 'socketPath'>;

/** The results of one case, one for each round. */
export type Samples<M extends MeasureName> = readonly Sample<M>[];
type Sample<M extends MeasureName> = ResultOf<M> & { readonly server?: ClientReport };

/** What an experiment is made of. */
export interface Plan<M extends MeasureName, K extends string> {
  readonly name: string;
  readonly cases: (scale: Scale) => Readonly<Record<K, Job<M>>>;
  /** Nothing goes over the wire. */
  readonly alone?: boolean | undefined;
  /** Of those: a case is one process that keeps one core busy, and waits for nobody. */
  readonly oneCore?: boolean | undefined;
  /** Cases that are for comparison only and take long: measured in the first round. */
  readonly once?: readonly NoInfer<K>[] | undefined;
  /** Cases that a budget depends on: the short form measures them in its other rounds, too. */
  readonly held?: readonly NoInfer<K>[] | undefined;
  readonly rows: (samples: Readonly<Record<K, Samples<M>>>, scale: Scale) => readonly Row[];
  readonly figures: (samples: Readonly<Record<K, Samples<M>>>, scale: Scale) => readonly Figure[];
}

/** An experiment that takes one measure of several cases. In two calls, since the measure says what a case is. */
export const experiment =
  <M extends MeasureName>(measure: M, scale: Scale) =>
  <K extends string>(plan: Plan<M, K>): Experiment => {
    const cases = Object.entries(plan.cases(scale)) as [K, Job<M>][];
    const samples = Object.fromEntries(cases.map(([name]) => [name, []])) as unknown as Record<K, Sample<M>[]>;
    return {
      name: plan.name,
      oneCore: plan.oneCore,
      run: async (round, { server, execArgv, tell }) => {
        const isDue = ([name]: [K, Job<M>]): boolean => {
          if (round === 0) return true;
          if (!scale.isShort) return plan.once?.includes(name) !== true;
          // What one process does by itself is steadier than what waits for another one: the first and the last round do.
          return plan.held?.includes(name) === true && (plan.oneCore !== true || round === scale.rounds - 1);
        };
        const due = cases.filter(isDue);
        const turn = round % Math.max(1, due.length);
        for (const [name, job] of [...due.slice(turn), ...due.slice(0, turn)]) {
          const begun = performance.now();
          const run = async (socketPath: string): Promise<Sample<M>> =>
            runMeasure<M>(measure, { ...job, socketPath } as JobOf<M>, execArgv) as Promise<Sample<M>>;
          samples[name].push(plan.alone === true ? await run('') : await server.withClient(run));
          tell(`${plan.name}, ${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
        }
      },
      rows: () => plan.rows(samples, scale),
      figures: () => plan.figures(samples, scale),
    };
  };

/** The median over all rounds. */
export const middle = <S>(samples: readonly S[], of: (sample: S) => number): number => median(samples.map(of));

/** The median of how busy the server was. */
export const serverBusy = (samples: readonly { readonly server?: ClientReport }[]): number =>
  middle(samples, ({ server }) => server?.serverBusy ?? Number.NaN);

/** The median of the ratios of rounds: what loads the machine for a while loads both sides of one of them. */
export function ratio<A, B>(
  numerators: readonly A[],
  a: (sample: A) => number,
  denominators: readonly B[],
  b: (sample: B) => number,
): number {
  const pairs = Math.min(numerators.length, denominators.length);
  return median(
    Array.from({ length: pairs }, (_, i) => {
      const [numerator, denominator] = [numerators[i], denominators[i]];
      if (numerator === undefined || denominator === undefined) throw new RangeError('A round has no sample.');
      return a(numerator) / b(denominator);
    }),
  );
}

/**
 * The least of all rounds to the least of all rounds: what loads the machine makes both dearer, and neither cheaper than it is. Rounds lie
 * apart, so that a busy while does not meet all of them.
 */
export const leastRatio = <A, B>(ours: readonly A[], a: (sample: A) => number, theirs: readonly B[], b: (sample: B) => number): number =>
  Math.min(...ours.map(a)) / Math.min(...theirs.map(b));

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
export const times = (value: number): string => `${value.toFixed(2)} ×`;
export const megabytes = (value: number): string => `${value.toFixed(0)} MB`;
export const milliseconds = (value: number): string => `${value.toFixed(3)} ms`;
