import { isObservable, merge, Observable } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';
import { isTerminal } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';
import { workOn } from '../stream/work-on.js';
import type { Branch, Branches } from './component.js';

/** The name of the one branch of a component that gives a single stream. */
const ONLY = 'run';

/** The branches by their names, in the order they were given. */
export function namedBranches(branches: Branches): ReadonlyMap<string, Branch> {
  // A promise has no members: it would be a component without branches, which ends at once with success.
  atOnce(branches, 'run');
  // Only an Observable has a subscribe; a record of branches has none.
  const named: readonly (readonly [string, Branch])[] = isObservable(branches) ? [[ONLY, branches]] : Object.entries(recordOf(branches));
  for (const [name, branch] of named) {
    if (!isObservable(branch))
      throw new TypeError(
        `run gave no stream for the branch ${JSON.stringify(name)}. Give an Observable of Eithers, or a record of them by name.`,
      );
  }
  return new Map(named);
}

/**
 * Types forbid all else, but JavaScript gives `undefined` for `run: () => { … }` without a `return`, and a number has no members: a
 * component without branches.
 */
function recordOf(given: unknown): object {
  if (typeof given === 'object' && given !== null) return given;
  const what = given === undefined ? 'nothing: a return is missing' : typeof given === 'object' ? 'null' : `a ${typeof given}`;
  throw new TypeError(`run gave ${what}. Give an Observable of Eithers, or a record of them by name.`);
}

/** What happens in a branch. After an end nothing more. */
export type BranchEvent = { readonly branch: string } & (
  | { readonly kind: 'left'; readonly error: unknown }
  | { readonly kind: 'completed' }
  /** A terminal `Left`. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The stream's own error channel. */
  | { readonly kind: 'defect'; readonly error: unknown }
);

/** Runs a branch and emits what happens in it, except for its results. Never fails; completes with the branch. */
export function branchEvents(branch: string, stream$: Branch): Observable<BranchEvent> {
  return new Observable(subscriber => {
    const end = (event: BranchEvent): void => {
      subscriber.next(event);
      subscriber.complete();
    };
    workOn<Parameters<typeof isTerminal>[0]>(stream$, subscriber, {
      next: element => {
        if (element._tag === 'Right') return;
        const error = element.left;
        if (!isTerminal(element)) {
          subscriber.next({ branch, kind: 'left', error });
          return;
        }
        markHandled(error);
        end({ branch, kind: 'failed', error });
      },
      error: (error: unknown) => end({ branch, kind: 'defect', error }),
      complete: () => end({ branch, kind: 'completed' }),
    });
  });
}

/** All branches as one stream, for a test that looks at nothing but what goes in and out of the component. */
export function mergeBranches(branches: Branches): Branch {
  return merge(...namedBranches(branches).values());
}
