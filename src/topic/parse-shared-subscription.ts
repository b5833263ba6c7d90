/** What a filter `$share/<group>/<filter>` is made of. */
export interface SharedSubscription {
  readonly group: string;
  readonly filter: string;
}

/**
 * What a shared subscription is made of, or `undefined` where a filter is none.
 *
 * @example
 * ```ts
 * import { parseSharedSubscription } from 'greengrass-rx/topic';
 *
 * console.log(parseSharedSubscription('$share/workers/jobs/+')); // { group: 'workers', filter: 'jobs/+' }
 * ```
 */
export function parseSharedSubscription(topicFilter: string): SharedSubscription | undefined {
  const [, group, filter] = /^\$share\/([^/+#]+)\/(.+)$/s.exec(topicFilter) ?? [];
  return group === undefined || filter === undefined ? undefined : { group, filter };
}
