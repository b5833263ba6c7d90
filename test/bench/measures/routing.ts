import { map, Subject } from 'rxjs';
import { route, type OnTopic } from '../../../src/operators/route.js';
import { topicTemplate } from '../../../src/topic/index.js';
import { median } from '../statistics.js';
import { cpuNanoseconds } from './stopwatch.js';

export interface RoutingJob {
  readonly routes: number;
  readonly messages: number;
  readonly repeats: number;
}

export interface RoutingResult {
  /** Nanoseconds of processor time for a message that goes to one of so many templates. */
  readonly nanosecondsEach: number;
}

/** What a message costs in `route`: each goes to one template out of many, and gets its params. */
export function measureRouting({ routes, messages, repeats }: RoutingJob): Promise<RoutingResult> {
  const templates = Array.from({ length: routes }, (_, i) => topicTemplate<string>(`plant/${line(i)}/{sensor}/temperature`));
  // Few topics, so that what is measured is the routing and not the memory of the machine.
  const topics = Array.from({ length: 10 }, (_, i): OnTopic => ({
    topicName: `plant/${line(Math.floor((i * routes) / 10))}/s${i}/temperature`,
  }));
  let results = 0;
  const source$ = new Subject<OnTopic>();
  // Its branches are made now; what is measured is what comes afterwards.
  source$
    .pipe(route(on => templates.map(template => on(template, messages$ => messages$.pipe(map(({ params }) => params))))))
    .subscribe(() => results++);
  const costs: number[] = [];
  for (let run = -2; run < repeats; run++) {
    const nanoseconds = cpuNanoseconds(() => {
      for (let sent = 0; sent < messages; sent += topics.length) for (const message of topics) source$.next(message);
    });
    if (run >= 0) costs.push(nanoseconds / messages);
  }
  const expected = messages * (repeats + 2);
  if (results !== expected) throw new Error(`${results} of ${expected} messages were routed.`);
  return Promise.resolve({ nanosecondsEach: median(costs) });
}

/** Names of one length, whatever their number: a longer one takes longer to look up. */
const line = (index: number): string => `line${String(index).padStart(5, '0')}`;
