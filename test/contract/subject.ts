import type { Observable } from 'rxjs';
import type { MqttProxy, Profile } from '../../src/ports/mqtt-proxy.js';
import type { Recorded } from '../kit/streams/recorded.js';

/** A message as someone else on the broker has it. */
export interface OutsideMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** Someone else on the broker, who knows nothing of the nucleus. */
export interface Outside {
  /** Resolves when the broker has the message. */
  readonly publish: (topicName: string, payload: Uint8Array | string) => Promise<void>;
  /** Resolves when the broker has the subscription. */
  readonly subscribe: (topicFilter: string) => Promise<Recorded<OutsideMessage>>;
}

/** Where a connection can break. */
export type BreakingPoint =
  | 'before the connection is accepted'
  | 'instead of the answer to a publish'
  | 'within the answer to a publish'
  | 'instead of the answer to a subscribe'
  | 'within the answer to a subscribe';

/** What can be made to go wrong. */
export interface SubjectFaults {
  /** Breaks the connection the next time it is at this point. */
  readonly breakOnceAt: (point: BreakingPoint) => void;
  /** Breaks it now. */
  readonly breakNow: () => void;
  /** Breaks it within the next message, whatever that is. */
  readonly breakWithinNext: () => void;
  /** Answers to the operation are kept back until the function returned is called. */
  readonly withhold: (operation: 'publish' | 'subscribe') => () => void;
  /** A message comes before the answer to the next subscribe. */
  readonly messageBeforeReply: (topicName: string, payload: string) => void;
}

/** A proxy with all the world around it that the contract speaks of. It may publish and subscribe to `test/#`, and nothing else. */
export interface Subject {
  readonly proxy: MqttProxy;
  readonly outside: Outside;
  readonly faults: SubjectFaults;
  /** What the nucleus has open. */
  readonly open: () => { readonly connections: number; readonly subscriptions: number };
  /** What has happened at the nucleus so far. */
  readonly seen: () => { readonly disconnections: number; readonly publishes: number };
  /** Resolves when this holds, now or after something has happened at the nucleus. */
  readonly settled: (fits: () => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** One implementation of `MqttProxy`, against one kind of nucleus. */
export interface SubjectKind {
  readonly name: string;
  readonly profile: Profile;
  readonly start: () => Promise<Subject>;
}

/** The policies of the component in the contract. */
export const ACCESS_CONTROL = {
  'aws.greengrass.ipc.mqttproxy': {
    'contract:1': { operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'], resources: ['test/#'] },
  },
};

/** Resolves when this holds, now or after an event. It is looked at in a later turn: an event may come just before it holds. */
export function holds(fits: () => boolean, event$: Observable<unknown>): Promise<void> {
  return new Promise(resolve => {
    const look = (): void => {
      if (!fits()) return;
      subscription.unsubscribe();
      resolve();
    };
    const subscription = event$.subscribe(() => setImmediate(look));
    look();
  });
}
