import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js';
import { distinctUntilChanged, map, startWith, type Observable } from 'rxjs';
import { IoTCoreConnectionStatusEvent } from '../ipc/wire/shapes.js';
import { SUBSCRIBE_STATUS } from '../shared/operations.js';
import { markHandled } from '../stream/unhandled.js';
import type { CloudStatus } from '../ports/mqtt-proxy.js';
import type { NucleusLink } from './nucleus-link.js';
import type { EventStream } from './subscription.js';

const STATUS_STREAM: EventStream<CloudStatus> = {
  operation: SUBSCRIBE_STATUS,
  topicName: '',
  payload: '{}',
  read: readStatus,
  isCanary: () => false,
  silence: undefined,
  onStatus: undefined,
};

/** Whether the device is connected to the cloud, as far as the nucleus tells: any failure to learn it is `unknown`. */
export function cloudStatus(link: NucleusLink): Observable<CloudStatus> {
  return link.optionalEvents(STATUS_STREAM).pipe(
    map((status): CloudStatus => {
      if (status._tag === 'Right') return status.right;
      markHandled(status.left);
      return 'unknown';
    }),
    startWith<CloudStatus>('unknown'),
    distinctUntilChanged(),
  );
}

function readStatus(body: string): Either<string, CloudStatus> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return left('an IoTCoreConnectionStatusEvent is not JSON');
  }
  const event = IoTCoreConnectionStatusEvent.decode(parsed);
  if (isLeft(event)) return left('an IoTCoreConnectionStatusEvent has a wrong shape');
  return right(event.right.connectionStatusEvent.status === 'CONNECTED' ? 'connected' : 'disconnected');
}
