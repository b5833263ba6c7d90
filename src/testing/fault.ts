import type { ConnectFailure } from '../ipc/transport.js';
import type { Undo } from '../local/faults/fault-switches.js';
import { type FaultSubject, holdDown } from '../local/faults/fault-table.js';
import type { FaultName, FaultWithDetails } from '../local/faults/fault-words.js';
import { WordedFaults } from '../local/faults/faults-on.js';

export type { FaultName, FaultWithDetails };

/**
 * What happens to the device, in a marble test alone.
 *
 * `power cut`: whatever is in memory only is gone at once, and the device starts again. All connections break, a spool and unanswered
 * publishes of the nucleus are lost, and the streams that the test was given are unsubscribed without a word and subscribed again, as in a
 * process that is started anew. An outbox has what it had committed; what it had handed out it hands out again, as sent perhaps.
 *
 * `disk full`: outboxes can store nothing, until `disk free`.
 */
export type DeviceFault = 'power cut' | 'disk full' | 'disk free';

/** What a symbol among the faults stands for. A function is called: for whatever has no name. */
export type Fault = FaultName | FaultWithDetails | (() => void);

/** What can be drawn: what happens to the nucleus, and what happens to the device. */
export type DrawnFault = Fault | DeviceFault;

/** The parts of a nucleus in memory that faults act on. */
export type MemoryFaultTargets = Pick<
  FaultSubject,
  'switches' | 'component' | 'profile' | 'link' | 'dropConnections' | 'resumeConnections' | 'restart'
>;

/** What is wrong with a nucleus in memory now. All of it happens at once, without a promise. */
export class MemoryFaults {
  /** Why nobody can connect, if nobody can. */
  connectFailure: ConnectFailure | undefined;
  /** Whether the nucleus neither reads nor writes. */
  frozen = false;
  readonly #targets: MemoryFaultTargets;
  readonly #worded: WordedFaults;

  constructor(targets: MemoryFaultTargets) {
    this.#targets = targets;
    this.#worded = new WordedFaults({
      ...targets,
      freeze: () => this.#freeze(),
      nucleusDown: () => {
        const undo = this.#unreachable('refused');
        targets.dropConnections();
        targets.profile().reset();
        return undo;
      },
      removeSocketFile: () => this.#unreachable('missing'),
      fullBacklog: () => this.#unreachable('busy'),
      brokerDown: () => holdDown(targets.link),
    });
  }

  inflict(fault: FaultName | FaultWithDetails): void {
    void this.#worded.inflict(fault);
  }

  #freeze(): Undo {
    this.frozen = true;
    return () => {
      this.frozen = false;
      this.#targets.resumeConnections();
    };
  }

  #unreachable(reason: 'refused' | 'missing' | 'busy'): Undo {
    this.connectFailure = { reason, cause: undefined };
    return () => {
      this.connectFailure = undefined;
    };
  }
}
