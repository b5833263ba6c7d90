import { type Observable, type SchedulerLike, Subject } from 'rxjs';
import { PublishToIoTCoreRequest } from '../ipc/wire/shapes.js';
import type { BrokerMessage } from '../local/broker/broker.js';
import type { NucleusEvent } from '../local/nucleus-event.js';
import type { PublishRequest } from '../ports/mqtt-proxy.js';
import type { AccessControl } from '../recipe/policy/access-control.js';
import type { Policies } from '../recipe/policy/policies.js';

/** A publish that the nucleus accepted. */
export interface PublishedMessage extends PublishRequest {
  /** When, by the scheduler: the frame, under a `TestScheduler`. */
  readonly at: number;
  readonly payload: Uint8Array;
}

/** A message of the component that reached the cloud. */
export type ArrivedMessage = BrokerMessage & { readonly at: number };

/** What happened in the nucleus, and when. */
export type TimedNucleusEvent = NucleusEvent & { readonly at: number };

/** What has happened in a nucleus in memory, and when. */
export class MemoryRecord {
  readonly published: PublishedMessage[] = [];
  readonly arrived: ArrivedMessage[] = [];
  readonly events: TimedNucleusEvent[] = [];
  readonly arrived$: Observable<ArrivedMessage>;
  readonly event$: Observable<TimedNucleusEvent>;
  readonly #scheduler: SchedulerLike;
  readonly #arrivals = new Subject<ArrivedMessage>();
  readonly #news = new Subject<TimedNucleusEvent>();
  #request = '';

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.arrived$ = this.#arrivals.asObservable();
    this.event$ = this.#news.asObservable();
  }

  /** What happens during the work is because of this request. */
  during(request: string, work: () => void): void {
    this.#request = request;
    work();
    this.#request = '';
  }

  arrives(message: BrokerMessage): void {
    const arrived = { ...message, at: this.#scheduler.now() };
    this.arrived.push(arrived);
    this.#arrivals.next(arrived);
  }

  happened(event: NucleusEvent): void {
    const at = this.#scheduler.now();
    if (event.kind === 'published') this.#publishes(at);
    const timed = { ...event, at };
    this.events.push(timed);
    this.#news.next(timed);
  }

  /** Keeps the publish as it was requested: the event does not have all of its members. */
  #publishes(at: number): void {
    const request = PublishToIoTCoreRequest.decode(JSON.parse(this.#request));
    if (request._tag === 'Right') this.published.push({ ...request.right, payload: request.right.payload ?? new Uint8Array(0), at });
  }
}

/** The component of a nucleus in memory. */
export const COMPONENT = 'com.example.Component';

/** Gives a component its policies. */
export function allow(policies: Policies, componentName: string, accessControl: AccessControl): void {
  policies.set(componentName, accessControl, {
    componentName,
    componentVersion: '0.0.0',
    configuration: { accessControl },
    thingName: 'memory-thing',
    rootPath: '/greengrass/v2',
  });
}
