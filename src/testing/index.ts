export type { Fault, FaultName, FaultWithDetails } from './fault.js';
export { MemoryNucleus, type MemoryNucleusOptions, type PublishedMessage, type TimedNucleusEvent } from './memory-nucleus.js';
export type { Latency } from './virtual-wire.js';
export { marbles, type MarbleKit, type MarbleOptions } from './marbles.js';
