/**
 * Tests of whole components in virtual time: a nucleus in memory, marble diagrams with faults in them, recordings. Knows no test
 * framework; for vitest there is 'greengrass-rx/testing/vitest'.
 *
 * @packageDocumentation
 */
export type { DeviceFault, DrawnFault, Fault, FaultName, FaultWithDetails } from './fault.js';
export { having, type AsymmetricMatcher } from './equal.js';
export type { LaneExpectation, StreamExpectation } from './expectations.js';
export type { KitNucleus, TestConnectOptions } from './kit-nucleus.js';
export type { Lane, LaneEvent } from './lane.js';
export { MarbleFailure } from './lane.js';
export { marbleTestOf, lanesOf, type MarbleTestOptions, type RecordedLane } from './marble-test-of.js';
export type { EitherSource, MarbleKit, MarbleOptions } from './kit.js';
export { marbles } from './marbles.js';
export { matchers, type Matchers, type MatcherContext, type MatcherResult } from './matchers.js';
export { MemoryNucleus, type MemoryNucleusOptions } from './memory-nucleus.js';
export type { ArrivedMessage, PublishedMessage, TimedNucleusEvent } from './memory-record.js';
export type { LaneMessage } from './messages.js';
export { recordTo, type RecordOptions, type TimedElement } from './recording.js';
export { parseRecording, recordLines, type RecordedEntry, type RecordedError, type Recording } from './recording.js';
export { laneText, renderLane, type RenderedLane } from './expectations.js';
export { replay, type ReplayOptions } from './recording.js';
export type { StageCounts } from './ledger-since.js';
export type { SubscriptionLogs, SubscriptionsExpectation } from './expectations.js';
export type { Latency } from './server-end.js';
