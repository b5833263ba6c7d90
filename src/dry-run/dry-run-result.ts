import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { TimersWithoutEnd } from '../errors/errors.js';
import { VirtualTimeStopped } from '../testing/virtual-time.js';
import type { Component } from '../component/component.js';
import { type Access, accessOf } from './access.js';
import { checkCloud } from './cloud/check-cloud.js';
import { cloudDifference, type CloudFile, cloudFiles } from './cloud/cloud-files.js';
import { checkBranches, checkQuotas, checkValidation } from './check-branches.js';
import { checkCodecs, checkMarks, checkPayloads } from './check-codecs.js';
import { checkLoops, checkTopics } from './check-topics.js';
import { type Diagram, type DiagramDirection, diagramOf, type LiveNumbers, mermaidOf } from './diagram-model.js';
import { type DryRecord, type Finding, record } from './record.js';
import { checkRecipe, gdkFiles, type GdkOptions, type ProjectFile, recipeDifference, recipeOf, type RecipeOptions } from './recipe.js';
import { type RecipeDocument, recipeText, type RecipeTextFormat } from '../recipe/recipe-format.js';
import { svgOf } from './svg.js';

/** What a dry run saw, and what follows from it. */
export interface DryRun extends Pick<
  DryRecord,
  'branches' | 'subscriptions' | 'stages' | 'feeds' | 'publishes' | 'localSubscriptions' | 'localPublishes' | 'news'
> {
  /** The topics and filters it needs, of AWS IoT Core and local ones: what the recipe allows. */
  readonly access: Access;
  /** What is wrong, likely wrong, or worth knowing. Nothing here keeps the rest from being derived. */
  readonly findings: readonly Finding[];
  /** The recipe, as data. */
  readonly recipe: (options?: RecipeOptions) => RecipeDocument;
  /** The recipe, as a file's text. */
  readonly recipeText: (format: RecipeTextFormat, options?: RecipeOptions) => string;
  /**
   * How a committed recipe does not fit the code any more: a line each, `+` what it lacks, `-` what it has too much, `~` what differs.
   * Empty: it fits.
   *
   * @param source what to call it, such as its path.
   */
  readonly recipeDifference: (committed: string, source?: string, options?: RecipeOptions) => readonly string[];
  /** The files that GDK builds and publishes with, besides the recipe. */
  readonly gdkFiles: (options: GdkOptions) => readonly ProjectFile[];
  /**
   * The cloud side of the topics that stages publish to: a CloudFormation template of rules and streams, and for each topic its JSON Schema
   * and tables for Apache Flink. Empty where no stage says where it publishes.
   */
  readonly cloudFiles: () => readonly CloudFile[];
  /**
   * How committed files of the cloud side do not fit the code any more, a line each, as `recipeDifference` tells it. Empty: they fit.
   *
   * @param read gives the text of a file, by its path in the folder; `undefined`: there is none.
   */
  readonly cloudDifference: (read: (path: string) => string | undefined) => readonly string[];
  /** The diagram as data: boxes and arrows. */
  readonly diagram: (live?: LiveNumbers) => Diagram;
  /** The diagram as text for Mermaid. */
  readonly mermaid: (live?: LiveNumbers, direction?: DiagramDirection) => string;
  /** The diagram as a picture. */
  readonly svg: (live?: LiveNumbers, direction?: DiagramDirection) => string;
}

/** What a dry run was told, defaults filled in. */
export interface DryRunSettings {
  readonly config: unknown;
  /** The same as JSON. */
  readonly written: unknown;
  readonly horizon: number;
  readonly memory: number | undefined;
}

/** Runs the component dry, at once. */
export function dryRunResult(component: Component, { config, written, horizon, memory }: DryRunSettings): Either<TimersWithoutEnd, DryRun> {
  try {
    return right(resultOf(component, record(component, config, written, horizon), memory));
  } catch (error) {
    if (error instanceof VirtualTimeStopped) return left(new TimersWithoutEnd(component.name, error.timers, error.at));
    throw error;
  }
}

function resultOf(component: Component, seen: DryRecord, memory: number | undefined): DryRun {
  const access = accessOf(component, seen);
  const drawn = { ...seen, declared: component };
  const title = `${component.name} ${component.version}`;
  return {
    branches: seen.branches,
    subscriptions: seen.subscriptions,
    stages: seen.stages,
    feeds: seen.feeds,
    publishes: seen.publishes,
    localSubscriptions: seen.localSubscriptions,
    localPublishes: seen.localPublishes,
    news: seen.news,
    access,
    findings: [
      ...checkBranches(component, seen),
      ...checkTopics(component.name, access, seen),
      ...checkQuotas(seen, memory),
      ...checkCodecs(seen),
      ...checkPayloads(seen),
      ...checkMarks(seen),
      ...checkLoops(access, seen),
      ...checkValidation(seen),
      ...checkRecipe(component, access),
      ...checkCloud(component.name, seen),
    ],
    recipe: options => recipeOf(component, access, options),
    recipeText: (format, options) => recipeText(recipeOf(component, access, options), format),
    recipeDifference: (committed, source = 'the recipe', options) =>
      recipeDifference(committed, source, recipeOf(component, access, options), options?.lifecycle),
    gdkFiles: options => gdkFiles(component, options),
    cloudFiles: () => cloudFiles(component, seen),
    cloudDifference: read => cloudDifference(cloudFiles(component, seen), read),
    diagram: live => diagramOf(title, drawn, live),
    mermaid: (live, direction) => mermaidOf(diagramOf(title, drawn, live), direction),
    svg: (live, direction) => svgOf(diagramOf(title, drawn, live), direction),
  };
}
