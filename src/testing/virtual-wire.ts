import type { ConnectFailure } from '../ipc/transport.js';
import type { Clock } from '../ipc/clock.js';
import type { FaultSwitches } from '../local/faults/fault-switches.js';
import type { NucleusEvent } from '../local/nucleus-event.js';
import type { ProfileServer } from '../local/server/protocol.js';
import type { Turns } from './turns.js';

/** Milliseconds from a request to its answer. What is left out is answered at once, in the same frame. */
export interface Latency {
  readonly connect?: number | undefined;
  readonly subscribe?: number | undefined;
  readonly publish?: number | undefined;
}

/** What both ends of all connections to one nucleus in memory share. */
export interface Wire {
  readonly turns: Turns;
  readonly clock: Clock;
  /** `undefined`: everything is answered at once. */
  readonly latency: Latency | undefined;
  readonly faults: FaultSwitches;
  readonly server: ProfileServer;
  /** The largest frame the nucleus takes. */
  readonly maxFrame: number;
  /** Why nobody can connect now, if nobody can. */
  readonly connectFailure: () => ConnectFailure | undefined;
  /** Whether the nucleus neither reads nor writes now. */
  readonly frozen: () => boolean;
  /** Is told who comes and goes. */
  readonly observe: (event: NucleusEvent) => void;
  /** Called around each request, so that what the nucleus reports meanwhile can be told to be about it. */
  readonly during: (request: string, work: () => void) => void;
}
