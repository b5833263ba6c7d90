import type { PolicyRemedy } from '../recipe/policy/policies.js';
import type { BrokerProblem } from './broker/errors.js';
import type { ComponentState } from './lifecycle/component-process.js';
import type { RollOut } from './lifecycle/roll-out.js';

/** What happens in a local nucleus, for logs and for tests that wait. Tokens never appear. */
export type NucleusEvent =
  | { readonly kind: 'connected'; readonly connection: number; readonly component: string }
  /** A handshake was refused. The client is told nothing; this says why. */
  | { readonly kind: 'refused'; readonly connection: number; readonly reason: string }
  | { readonly kind: 'disconnected'; readonly connection: number; readonly component: string | undefined }
  /** A subscribe was granted, and its answer is on its way: what is published now arrives. */
  | {
      readonly kind: 'subscribed';
      readonly connection: number;
      readonly component: string;
      readonly streamId: number;
      readonly filter: string;
    }
  | {
      readonly kind: 'unsubscribed';
      readonly connection: number;
      readonly component: string;
      readonly streamId: number;
      readonly filter: string;
    }
  /** A publish was accepted. */
  | {
      readonly kind: 'published';
      readonly connection: number;
      readonly component: string;
      readonly topicName: string;
      readonly payload: Uint8Array;
      readonly qos: 0 | 1;
      readonly userProperties?: readonly { readonly key: string; readonly value: string }[] | undefined;
    }
  /** A message of the broker went to subscriptions. */
  | {
      readonly kind: 'delivered';
      readonly topicName: string;
      readonly payload: Uint8Array;
      /** Whose subscriptions; one that has several of them is named as often. */
      readonly components: readonly string[];
    }
  /** `connect()` has asked which nucleus this is, with a request that is meant to be refused: the refusal tells it, and is no failure. */
  | { readonly kind: 'probed'; readonly connection: number; readonly component: string }
  /** A subscribe to a local topic was granted, and its answer is on its way. */
  | {
      readonly kind: 'localSubscribed';
      readonly connection: number;
      readonly component: string;
      readonly streamId: number;
      readonly filter: string;
    }
  | {
      readonly kind: 'localUnsubscribed';
      readonly connection: number;
      readonly component: string;
      readonly streamId: number;
      readonly filter: string;
    }
  /** A publish on a local topic was accepted. */
  | {
      readonly kind: 'localPublished';
      readonly connection: number;
      readonly component: string;
      readonly topicName: string;
      readonly isJson: boolean;
      /** Of a JSON message: the JSON as it arrives. */
      readonly payload: Uint8Array;
    }
  /** A message on a local topic went to subscriptions. */
  | {
      readonly kind: 'localDelivered';
      readonly topicName: string;
      readonly isJson: boolean;
      readonly payload: Uint8Array;
      /** Whose subscriptions; one that has several of them is named as often. */
      readonly components: readonly string[];
    }
  /** A leaf of a component's configuration has changed, or is new or gone: by the component itself, or by a deployment. */
  | { readonly kind: 'configurationChanged'; readonly component: string; readonly keyPath: readonly string[] }
  /** A component says what state it is in: `RUNNING` or `ERRORED`; on Lite any text. */
  | { readonly kind: 'stateReported'; readonly connection: number; readonly component: string; readonly state: string }
  /** A component was told that an update is about to begin; and answered that it may begin, or when it is to be announced again. */
  | { readonly kind: 'updateAnnounced'; readonly component: string; readonly deploymentId: string }
  | {
      readonly kind: 'updateAnswered';
      readonly component: string;
      readonly deploymentId: string;
      /** `undefined`: the answer did not say, and the update waits as long as without an answer. */
      readonly recheckAfter: number | undefined;
    }
  /** A component that validates its configuration has answered whether it accepts the new one: `ACCEPTED` or `REJECTED`. */
  | {
      readonly kind: 'configurationValidated';
      readonly component: string;
      readonly deploymentId: string;
      readonly status: string | undefined;
      readonly message: string | undefined;
    }
  /** What a deployment (`rollOut`) came to. */
  | { readonly kind: 'deployed'; readonly deploymentId: string; readonly status: RollOut['status']; readonly failure: string | undefined }
  /** A component that was rolled out with a process of the nucleus is in another state. */
  | { readonly kind: 'stateChanged'; readonly component: string; readonly state: ComponentState }
  /** An operation was answered with an error. */
  | {
      readonly kind: 'failed';
      readonly connection: number;
      readonly component: string;
      readonly operation: string;
      readonly code: string;
      readonly message: string;
      /** The topic or filter, where there was one. */
      readonly resource: string | undefined;
      /** Of an `UnauthorizedError`: what in the recipe would have allowed it. */
      readonly remedy: PolicyRemedy | undefined;
    }
  /** Messages for a client that does not read were dropped (Lite), or one was too large for the device's MQTT packets. */
  | {
      readonly kind: 'dropped';
      readonly connection: number | undefined;
      readonly component: string | undefined;
      readonly messages: number;
      readonly reason: string;
    }
  /** What becomes of the device's connection to a broker elsewhere. An observer is told the last of these when it begins. */
  | BrokerEvent
  /** A policy, or part of one, grants nothing, or is not in effect. */
  | { readonly kind: 'policy'; readonly component: string; readonly problem: string };

/** The device's connection to its broker is there; it is lost, or could not be made; or the broker denied a subscription. */
export type BrokerEvent =
  | { readonly kind: 'broker'; readonly url: string; readonly state: 'connected' }
  /** `problem` is `undefined` where a fault took the connection away. */
  | { readonly kind: 'broker'; readonly url: string; readonly state: 'offline'; readonly problem: BrokerProblem | undefined }
  | { readonly kind: 'broker'; readonly url: string; readonly state: 'denied'; readonly problem: BrokerProblem };
