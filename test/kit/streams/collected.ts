import { lastValueFrom, toArray, type Observable } from 'rxjs';

/** All that comes until the end. */
export const collected = <A>(source$: Observable<A>): Promise<A[]> => lastValueFrom(source$.pipe(toArray()));
