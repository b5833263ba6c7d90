import type { ConnectFailure } from '../ipc/transport.js';
import { type FaultSubject, holdDown } from '../local/faults/fault-table.js';
import type { Undo } from '../local/faults/faults-on.js';
import type { FaultName, FaultWithDetails } from '../local/faults/fault-words.js';
import { WordedFaults } from '../local/faults/worded-faults.js';

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
