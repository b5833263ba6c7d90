import { basename, extname } from 'node:path';
import type { Component } from '../component/component.js';
import { CONFIG_KEY, LIFECYCLE_VARIABLE } from '../component/configuration.js';
import { type Access, accessControlOf } from './access.js';
import { readRecipe } from '../recipe/read-recipe.js';
import type { Finding } from './finding.js';
import { type RecipeDocument, recipeText } from '../recipe/recipe-format.js';

/** What the program is called, and what else a recipe says that the code does not. */
export interface RecipeOptions {
  /** The module of the component, as a path in the project. Default `dist/component.js`. In the archive lies what `greengrass-rx build` makes of it: `component.mjs`. */
  readonly main?: string | undefined;
  /** The archive's name, without `.zip`. Default: the last part of the component's name. */
  readonly archive?: string | undefined;
  /** Seconds from the stop to the kill. Default 15, as on a device. */
  readonly shutdownTimeout?: number | undefined;
  /**
   * The step that the component is. `run`, the default: to the nucleus it is RUNNING as soon as its process has started, and a deployment that breaks it mostly
   * succeeds. `startup`: the nucleus waits for its report that it is RUNNING; a deployment in which that does not come fails, and a classic nucleus
   * rolls it back.
   */
  readonly lifecycle?: RecipeLifecycle | undefined;
  /** Of the `startup` step: seconds from the start to that report. Default 120, as on a device. */
  readonly startupTimeout?: number | undefined;
}

/** The steps of a lifecycle that a derived recipe can run its component in. */
export type RecipeLifecycle = 'run' | 'startup';

/** Where a component keeps the id of its process, in its work folder. */
const PID_FILE = 'greengrass-rx.pid';

/**
 * Stops the component and waits for its end. Without a step of its own the classic nucleus sends SIGTERM and kills 5 s later, or at once where the
 * process has no children (aws-greengrass-nucleus #1667); its own SIGTERM then finds nobody. A process whose id was given to another one has another
 * work folder. No braces: Greengrass Lite takes every brace for a recipe variable. Lite has no `shutdown`; there systemd waits by itself.
 */
const SHUTDOWN = [
  `pid=$(cat ${PID_FILE} 2>/dev/null) || exit 0`,
  '[ "$(readlink "/proc/$pid/cwd")" = "$(pwd -P)" ] || exit 0',
  'kill -TERM "$pid" || exit 0',
  'while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done',
].join('\n');

/** The last part of a component's name. */
export function archiveOf(componentName: string): string {
  return componentName.split('.').findLast(part => part !== '') ?? 'component';
}

/** The name of the one file that `greengrass-rx build` makes of a module, and that the recipe runs. */
export function bundleOf(module: string): string {
  return `${basename(module, extname(module))}.mjs`;
}

/** The recipe of a component, least privilege and all. Throws, as a defect, if a nucleus took it otherwise than it is meant. */
export function recipeOf(component: Component, access: Access, options: RecipeOptions = {}): RecipeDocument {
  const { name, version, description, publisher, defaults } = component;
  const { main = 'dist/component.js', archive = archiveOf(name), shutdownTimeout = 15, lifecycle = 'run', startupTimeout = 120 } = options;
  // Without the source map a stack trace would name places in the bundle.
  const script = `exec node --enable-source-maps "{artifacts:decompressedPath}/${archive}/${bundleOf(main)}"`;
  const recipe: RecipeDocument = {
    RecipeFormatVersion: '2020-01-25',
    ComponentName: name,
    ComponentVersion: version,
    ...(description === undefined ? {} : { ComponentDescription: description }),
    ...(publisher === undefined ? {} : { ComponentPublisher: publisher }),
    ComponentConfiguration: {
      DefaultConfiguration: {
        accessControl: accessControlOf(name, access),
        ...(component.config === undefined ? {} : { [CONFIG_KEY]: defaults }),
      },
    },
    Manifests: [
      {
        // Lite passes over a manifest that names no runtime.
        Platform: { os: 'linux', runtime: '*' },
        Lifecycle: {
          Setenv: {
            ...(lifecycle === 'run' ? {} : { [LIFECYCLE_VARIABLE]: lifecycle }),
            GREENGRASS_RX_HEALTH_FILE: '{work:path}/health.json',
            GREENGRASS_RX_PID_FILE: `{work:path}/${PID_FILE}`,
          },
          ...(lifecycle === 'run' ? { run: script } : { startup: { Script: script, Timeout: startupTimeout } }),
          shutdown: { Script: SHUTDOWN, Timeout: shutdownTimeout },
        },
        Artifacts: [{ Uri: `s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/${archive}.zip`, Unarchive: 'ZIP' }],
      },
    ],
  };
  const read = readRecipe(recipeText(recipe, 'json'), 'The derived recipe');
  if (read._tag === 'Left') throw read.left;
  return recipe;
}

/** What Greengrass Lite would not take of the derived recipe, such as its size. */
export function checkRecipe(component: Component, access: Access): readonly Finding[] {
  const read = readRecipe(recipeText(recipeOf(component, access), 'yaml'), 'recipe.yaml');
  if (read._tag === 'Left') throw read.left;
  return read.right.liteProblems.map(({ message, remedy }) => ({
    severity: 'warning',
    about: 'configuration',
    message: `On Greengrass Lite: ${message}. ${remedy}.`,
  }));
}
