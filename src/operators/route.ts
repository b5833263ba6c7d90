import { EMPTY, from, mergeAll, Observable, type OperatorFunction, Subject } from 'rxjs';
import { workOn } from '../stream/work-on.js';
import { isTopicPattern, topicFilterOf, type TopicPattern } from '../topic/topic-template.js';
import { TopicTrie } from '../topic/topic-trie.js';

/** What can be routed: anything with a topic. */
export interface OnTopic {
  readonly topicName: string;
}

/** Where the messages of a filter go. Made by {@link On}. */
export interface Route<in M, out R> {
  readonly topicName: string | TopicPattern<unknown>;
  /** Given the messages of the filter; those of a pattern have `params`. */
  readonly project: (messages$: Observable<M>) => Observable<R>;
}

/**
 * Makes one route: the messages of a topic filter, or of a template with their `params`, and what to do with them. The function is called
 * once for each subscription to the routed stream, before the first message.
 */
export interface On<M> {
  <P, R>(topicName: TopicPattern<P>, project: (messages$: Observable<M & { readonly params: P }>) => Observable<R>): Route<M, R>;
  <R>(topicName: string, project: (messages$: Observable<M>) => Observable<R>): Route<M, R>;
}

/** How {@link route} routes. */
export interface RouteOptions<M, R> {
  /**
   * Who gets a message that several filters match. `every` (default): all of them, as with subscriptions, the most specific first.
   * `mostSpecific`: one, the most specific: at the first level where two filters differ, text goes before `+`, and `+` before `#`. Of
   * several routes with the same filter, it is the first one.
   */
  readonly overlap?: 'every' | 'mostSpecific' | undefined;
  /** Given the messages that no filter matches. Default: they are dropped. */
  readonly otherwise?: ((messages$: Observable<M>) => Observable<R>) | undefined;
}

/** What the trie finds. */
interface Target {
  readonly index: number;
  readonly pattern: TopicPattern<unknown> | undefined;
}

type OutputOf<R> = R extends Route<never, infer Output> ? Output : never;

/**
 * Splits one stream of messages into branches by topic, and merges what they emit. Each message is looked up once, in a trie, so ten
 * thousand routes cost what ten do. For one wide subscription (Greengrass Lite has room for 100 on the whole device) in place of many.
 *
 * Matches as `topicMatches` does. A message that no route takes is dropped, or goes to `otherwise`. A message is given to its branches one
 * after the other, at once; nothing is held back here.
 *
 * Completes when the source has and every branch has; and when every branch has completed early (`take(1)`), and then unsubscribes from the
 * source. Errors of the source and of any branch go to the error channel at once, and so does what `project` throws. Looks at no time of
 * the values.
 *
 * Memory: the trie and, for each subscription, one Subject a route.
 *
 * @throws TypeError for a filter that is malformed.
 *
 * @example
 * ```ts
 * import { topicTemplate } from 'greengrass-rx';
 * import { route } from 'greengrass-rx/operators';
 * import { map, of } from 'rxjs';
 *
 * of({ topicName: 'plant/7/temperature', value: 21 }, { topicName: 'plant/7/door', value: 1 }, { topicName: 'office', value: 0 })
 *   .pipe(
 *     route(
 *       on => [
 *         on(topicTemplate('plant/{line}/temperature'), readings$ =>
 *           readings$.pipe(map(({ params, value }) => `line ${params.line}: ${value} °C`)),
 *         ),
 *         on('plant/#', others$ => others$.pipe(map(({ topicName }) => `something on ${topicName}`))),
 *       ],
 *       { overlap: 'mostSpecific', otherwise: rest$ => rest$.pipe(map(({ topicName }) => `no route for ${topicName}`)) },
 *     ),
 *   )
 *   .subscribe(line => console.log(line)); // line 7: 21 °C, something on plant/7/door, no route for office
 * ```
 */
export function route<M extends OnTopic, R, O = never>(
  routesOf: (on: On<M>) => readonly R[],
  options: RouteOptions<M, O> = {},
): OperatorFunction<M, OutputOf<R> | O> {
  const { overlap = 'every', otherwise } = options;
  // Every combination that the type On allows is a route: messages of a pattern have its params.
  const on = (topicName: Route<M, unknown>['topicName'], project: Route<M, unknown>['project']) => ({ topicName, project });
  const routes = routesOf(on as On<M>) as readonly Route<M, unknown>[];
  const trie = new TopicTrie<Target>();
  for (const [index, { topicName }] of routes.entries())
    trie.add(topicFilterOf(topicName), { index, pattern: isTopicPattern(topicName) ? topicName : undefined });

  return source =>
    new Observable<unknown>(destination => {
      const branches = routes.map(() => new Subject<M>());
      const rest = new Subject<M>();
      const outputs = routes.map(({ project }, index) => project(branches[index]?.asObservable() ?? EMPTY));
      if (otherwise !== undefined) outputs.push(otherwise(rest.asObservable()));

      const give = (message: M, { index, pattern }: Target): void => {
        branches[index]?.next(pattern === undefined ? message : withParams(message, pattern.match(message.topicName)));
      };
      const take = (message: M): void => {
        if (overlap === 'every') {
          const matching = trie.match(message.topicName);
          if (matching.length === 0) rest.next(message);
          for (const each of matching) give(message, each);
        } else {
          const one = trie.mostSpecific(message.topicName);
          if (one === undefined) rest.next(message);
          else give(message, one);
        }
      };

      destination.add(from(outputs).pipe(mergeAll()).subscribe(destination));
      workOn(source, destination, {
        next: take,
        error: (error: unknown) => destination.error(error),
        complete: () => {
          for (const branch of branches) branch.complete();
          rest.complete();
        },
      });
    }) as Observable<OutputOf<R> | O>;
}

/** Not `{ ...message, params }`: V8 takes many times as long for that. Set once more, since the message may come from another route. */
function withParams<M extends OnTopic>(message: M, params: unknown): M {
  const all = Object.assign({ params }, message);
  all.params = params;
  return all;
}
