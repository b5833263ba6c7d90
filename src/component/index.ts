/**
 * A component as a value: run it, and derive its recipe, its checks and its diagram from a dry run.
 *
 * @packageDocumentation
 */
export { mergeBranches } from './branches.js';
export {
  type Branch,
  type Branches,
  component,
  type Component,
  type ConfiguredDefinition,
  isComponent,
  type PlainDefinition,
  type RunContext,
} from './component.js';
export { CONFIG_VARIABLE, readConfiguration } from './configuration.js';
export { dryRun, type DryRunOptions } from './dry-run.js';
export { deservesRestart, type Exit, type ExitReason, EXITS } from './exit-codes.js';
export type { BranchHealth, Health, HealthStatus } from './health.js';
export { jsonLog, type JsonLogOptions, type Log, type LogFields, type LogLevel, silentLog } from './log.js';
export { runComponent } from './run-component.js';
export type { RunOptions, RunOutcome } from './run-options.js';
export type { Access } from '../dry-run/access.js';
export type { Diagram, DiagramDirection, DiagramEdge, DiagramNode, LiveNumbers } from '../dry-run/diagram-model.js';
export type { DryRun } from '../dry-run/dry-run-result.js';
export type { Finding } from '../dry-run/finding.js';
export type { GdkOptions, ProjectFile } from '../dry-run/gdk-files.js';
export type { BranchRecord } from '../dry-run/record.js';
export type { RecipeDocument } from '../recipe/recipe-format.js';
export type { RecipeTextFormat } from '../recipe/recipe-format.js';
export type { RecipeOptions } from '../dry-run/recipe.js';
export type { RecordedStage } from '../dry-run/recording-ledger.js';
export type { RecordedPublish, RecordedSubscription } from '../dry-run/recording-proxy.js';
