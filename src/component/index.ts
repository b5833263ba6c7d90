/**
 * A component as a value, and what runs it on a device.
 *
 * @packageDocumentation
 */
export { mergeBranches } from './branches.js';
export {
  type Branch,
  type Branches,
  component,
  type Component,
  type ComponentDefinition,
  isComponent,
  type RunContext,
  type RunResult,
} from './component.js';
export { CONFIG_VARIABLE, followConfig, readConfiguration } from './configuration.js';
export { deservesRestart, type Exit, type ExitReason, EXITS, type RunOutcome } from './exit-codes.js';
export type { BranchHealth, Health, HealthStatus } from './health.js';
export { jsonLog, type JsonLogOptions, type Log, type LogFields, type LogLevel, silentLog } from './log.js';
export { mainProgram, runComponent } from './run-component.js';
export type { RunOptions } from './run-options.js';
