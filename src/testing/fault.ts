import type { FaultName, FaultWithDetails } from '../local/faults/fault-table.js';

export type { FaultName, FaultWithDetails };

/** What a symbol among the faults stands for. A function is called: for whatever has no name. */
export type Fault = FaultName | FaultWithDetails | (() => void);
