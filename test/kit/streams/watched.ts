import { Subject } from 'rxjs';
import type { LocalSubscribeRequest } from '../../../src/client/local-request.js';
import type { PatternSubscribeRequest, SubscribeRequest, SubscriptionStatus } from '../../../src/ports/mqtt-proxy.js';
import { record, type Recorded } from './recorded.js';

/** A request with its statuses recorded. */
export function watched<R extends SubscribeRequest | PatternSubscribeRequest<unknown> | LocalSubscribeRequest>(
  request: R,
): {
  readonly request: R;
  readonly statuses: Recorded<SubscriptionStatus>;
} {
  const statuses$ = new Subject<SubscriptionStatus>();
  return { request: { ...request, onStatus: status => statuses$.next(status) }, statuses: record(statuses$) };
}
