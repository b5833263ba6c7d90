import { type Subscription } from 'rxjs';
import { OFFLINE_AFTER } from '../flow/publish-job.js';
import type { CloudStatus, MqttProxy, Profile } from '../ports/mqtt-proxy.js';

/** Milliseconds that are given to a classic nucleus, once connected, to say whether the device is online. */
const CLOUD_KNOWN_WITHIN = 1_000;

/** Who hears whether the cloud can be reached. */
export interface ReachabilityListener {
  /** Connected to a nucleus of this kind. */
  readonly onConnected: (profile: Profile) => void;
  /** It can be reached: what is stored now had to wait for that, unless it could be reached at once when the forwarder began. */
  readonly onUp: (isAtOnce: boolean) => void;
  /** It cannot be reached any more. */
  readonly onDown: () => void;
  /** Something has changed: there may be something to send now. */
  readonly onChange: () => void;
}

/** Whether the cloud can be reached, as far as the nucleus says so, or its refusals show it. */
export class CloudReachability {
  /** Until this time a nucleus that has just been connected to may still say whether the device is online. */
  knownBy = 0;
  readonly #listener: ReachabilityListener;
  readonly #now: () => number;
  #connected = false;
  #cloud: CloudStatus = 'unknown';
  /** The nucleus may still say whether the device is online. */
  #mayTell = false;
  #refusedSince: number | undefined;
  /** When watching began, until the cloud can be reached for the first time. */
  #begunAt: number | undefined;

  constructor(listener: ReachabilityListener, now: () => number) {
    this.#listener = listener;
    this.#now = now;
  }

  get isUp(): boolean {
    return this.#connected && this.#cloud !== 'disconnected';
  }

  /** Connected, and nobody says whether the device is online. */
  get isUnknown(): boolean {
    return this.#cloud === 'unknown';
  }

  watch({ state$, cloud$ }: Pick<MqttProxy, 'state$'> & Partial<Pick<MqttProxy, 'cloud$'>>): Subscription {
    const listener = this.#listener;
    this.#mayTell = cloud$ !== undefined;
    this.#begunAt = this.#now();
    const watching = state$.subscribe(state => {
      const was = this.#connected;
      this.#connected = state.status === 'connected';
      if (state.status === 'connected') {
        const { profile } = state.capabilities;
        listener.onConnected(profile);
        if (!was && profile === 'classic' && this.#mayTell && this.#cloud === 'unknown') this.knownBy = this.#now() + CLOUD_KNOWN_WITHIN;
        if (!was) this.#up();
      } else if (was) listener.onDown();
      listener.onChange();
    });
    if (cloud$ !== undefined)
      watching.add(
        cloud$.subscribe({
          next: cloud => {
            const was = this.#cloud;
            this.#cloud = cloud;
            if (cloud !== 'unknown') this.knownBy = 0;
            if (cloud === 'connected' && was === 'disconnected') this.#up();
            if (cloud === 'disconnected' && was !== 'disconnected') listener.onDown();
            listener.onChange();
          },
          // It will never say.
          complete: () => {
            this.#mayTell = false;
            this.knownBy = 0;
            listener.onChange();
          },
        }),
      );
    return watching;
  }

  /** A publish was taken. If there had been nothing but refusals for a while, the device was offline until now. */
  taken(): void {
    const refusedSince = this.#refusedSince;
    this.#refusedSince = undefined;
    if (refusedSince !== undefined && this.#now() - refusedSince >= OFFLINE_AFTER) this.#up();
  }

  #up(): void {
    const begunAt = this.#begunAt;
    this.#begunAt = undefined;
    this.#listener.onUp(begunAt !== undefined && this.#now() - begunAt < OFFLINE_AFTER);
  }

  /** A publish was refused, for a reason that may pass. */
  refused(): void {
    this.#refusedSince ??= this.#now();
  }
}
