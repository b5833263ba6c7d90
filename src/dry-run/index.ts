/**
 * What follows from a component without a device: its recipe with the least policies, its checks and its diagram, from a dry run. Part of
 * what a developer uses; nothing that runs a component loads it.
 *
 * @packageDocumentation
 */
export type { RecipeDocument, RecipeTextFormat } from '../recipe/recipe-format.js';
export type { Access, TopicAccess } from './access.js';
export type { CloudFile } from './cloud/cloud-files.js';
export type { Diagram, DiagramDirection, DiagramEdge, DiagramNode, LiveNumbers } from './diagram-model.js';
export { dryRun, type DryRunOptions } from './dry-run.js';
export type { DryRun } from './dry-run-result.js';
export type { Finding } from './record.js';
export type { GdkOptions, ProjectFile } from './recipe.js';
export type { BranchRecord } from './record.js';
export type { RecipeLifecycle, RecipeOptions } from './recipe.js';
export type { RecordedStage } from './recording-nucleus.js';
export type { RecordedLocalPublish, RecordedLocalSubscription, RecordedNews } from './recording-nucleus.js';
export type { RecordedPublish, RecordedSubscription } from './recording-nucleus.js';
