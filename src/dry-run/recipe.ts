import { basename, extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Component } from '../component/component.js';
import { CONFIG_KEY, CONFIG_VARIABLE, LIFECYCLE_VARIABLE } from '../component/configuration.js';
import { gdkConfigText } from '../recipe/gdk-config.js';
import { readRecipe } from '../recipe/read-recipe.js';
import { type RecipeDocument, recipeText } from '../recipe/recipe-format.js';
import { mainStepOf, type RecipeManifest } from '../recipe/recipe.js';
import { isJsonObject } from '../shared/check-argument.js';
import { type Access, accessControlOf, TOPIC_SERVICES } from './access.js';
import type { Finding } from './record.js';

/** What a recipe says that the code does not. */
export interface RecipeOptions {
  /**
   * The module of the component, as a path in the project. Default `dist/component.js`. In the archive lies what `greengrass-rx build`
   * makes of it: `component.mjs`.
   */
  readonly main?: string | undefined;
  /** The archive's name, without `.zip`. Default: the last part of the component's name. */
  readonly archive?: string | undefined;
  /** Seconds from the stop to the kill. Default 15, as on a device. */
  readonly shutdownTimeout?: number | undefined;
  /**
   * The step in which the component runs. `run`, the default: to the nucleus it is RUNNING as soon as its process has started, so a
   * deployment that breaks it mostly succeeds. `startup`: the nucleus waits for its report that it is RUNNING; a deployment in which that
   * does not come fails, and a classic nucleus rolls it back.
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
 * Stops the component and waits for its end. Without a step of its own the classic nucleus sends SIGTERM and kills 5 s later, or at once
 * where the process has no children (aws-greengrass-nucleus #1667); its own SIGTERM then finds nobody. A process whose id was given to
 * another one has another work folder. No braces: Greengrass Lite takes every brace for a recipe variable. Lite has no `shutdown`; there
 * systemd waits by itself.
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

/** The recipe of a component, with the least privileges. Throws, as a defect, if no nucleus would take it. */
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

/**
 * How a recipe that was written earlier does not fit the code of now: one line each, `+` for what it lacks, `-` for what it has and the
 * code does not need, `~` for what differs. No line: it fits. Whatever else is in it (further manifests, other services, dependencies) is
 * left to its author.
 *
 * @param lifecycle the step that the component is to be; `undefined`: as the recipe has it.
 */
export function recipeDifference(
  committed: string,
  source: string,
  derived: RecipeDocument,
  lifecycle: RecipeLifecycle | undefined,
): readonly string[] {
  const read = readRecipe(committed, source);
  if (read._tag === 'Left') return read.left.message.split('\n');
  const recipe = read.right;
  const defaults = derived.ComponentConfiguration?.DefaultConfiguration ?? {};
  return [
    ...differs('ComponentName', recipe.componentName, derived.ComponentName),
    ...differs('ComponentVersion', recipe.componentVersion, derived.ComponentVersion),
    ...grants(grantsOf(recipe.accessControl), grantsOf(defaults.accessControl)),
    ...configuration(`DefaultConfiguration/${CONFIG_KEY}`, recipe.defaultConfiguration[CONFIG_KEY], defaults[CONFIG_KEY]),
    ...recipe.manifests.flatMap((manifest, i) => steps(manifest, `Manifests/${manifest.name ?? String(i)}/Lifecycle`, lifecycle)),
  ];
}

function differs(what: string, is: string, wanted: string): readonly string[] {
  return is === wanted ? [] : [`~ ${what} is ${is}; the code says ${wanted}`];
}

function grants(there: ReadonlySet<string>, wanted: ReadonlySet<string>): readonly string[] {
  return [
    ...[...wanted].filter(grant => !there.has(grant)).map(grant => `+ accessControl must allow ${grant}`),
    ...[...there].filter(grant => !wanted.has(grant)).map(grant => `- accessControl allows ${grant}, which the component does not do`),
  ];
}

/** What a policy document allows on topics, as `operation on resource`. Malformed parts allow nothing. */
function grantsOf(accessControl: unknown): ReadonlySet<string> {
  const grants = new Set<string>();
  for (const { service, operations: all } of TOPIC_SERVICES)
    for (const policy of Object.values(mapOf(mapOf(accessControl)[service]))) {
      const { operations, resources } = mapOf(policy);
      for (const operation of textsOf(operations).flatMap(text => (text === '*' ? Object.values(all) : [text])))
        for (const resource of textsOf(resources)) grants.add(`${operation} on ${JSON.stringify(resource)}`);
    }
  return grants;
}

function configuration(path: string, there: unknown, wanted: unknown): readonly string[] {
  if (isDeepStrictEqual(there, wanted)) return [];
  if (isJsonObject(there) && isJsonObject(wanted)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(there)]);
    return [...keys].flatMap(key => configuration(`${path}/${key}`, there[key], wanted[key]));
  }
  if (there === undefined) return [`+ ${path} must be ${JSON.stringify(wanted)}`];
  if (wanted === undefined) return [`- ${path} is ${JSON.stringify(there)}, and the code has no such default`];
  return [`~ ${path} is ${JSON.stringify(there)}; the code says ${JSON.stringify(wanted)}`];
}

/** The step the component runs in, and the variables of it that change what it does. */
function steps({ lifecycle }: RecipeManifest, where: string, wanted: RecipeLifecycle | undefined): readonly string[] {
  const main = mainStepOf(lifecycle);
  if (main === undefined) return [];
  const { name: step } = main;
  const { [CONFIG_VARIABLE]: configuration, [LIFECYCLE_VARIABLE]: said } = { ...lifecycle.setenv, ...main.setenv };
  return [
    ...(wanted === undefined || wanted === step ? [] : [`~ ${where} has ${step}; it is to be ${wanted}`]),
    ...(step === 'startup' && said !== step ? [`+ ${where}/Setenv must have ${LIFECYCLE_VARIABLE}: ${JSON.stringify(step)}`] : []),
    ...(step === 'run' && said !== undefined ? [`- ${where}/Setenv has ${LIFECYCLE_VARIABLE}, and the component runs in run`] : []),
    ...(configuration === undefined
      ? []
      : [
          `- ${where}/Setenv has ${CONFIG_VARIABLE}, which stands in the place of the configuration that the component reads and follows itself`,
        ]),
  ];
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** What GDK needs to know that neither the code nor the recipe says. */
export interface GdkOptions extends RecipeOptions {
  /** Default: the component's publisher, or `unknown`. */
  readonly author?: string | undefined;
  /** The beginning of the name of the S3 bucket that artifacts go to; GDK adds region and account. */
  readonly bucket: string;
  /** Such as `eu-west-1`. */
  readonly region: string;
}

/** A file to be written, by its path in the project's folder. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
}

const BUILD = 'gdk-build.sh';

/**
 * The files with which `gdk component build` and `gdk component publish` build and publish the component: the configuration, and the build
 * itself, a shell script that compiles, checks the project's recipe against the code, and packs the one file that runs on a device. The
 * recipe is the project's `recipe.yaml` or `recipe.json`, without which GDK does not begin.
 */
export function gdkFiles(component: Pick<Component, 'name' | 'version' | 'publisher'>, options: GdkOptions): readonly ProjectFile[] {
  const { name, version, publisher } = component;
  const { author = publisher ?? 'unknown', bucket, region } = options;
  const config = gdkConfigText(name, {
    author,
    version,
    build: { build_system: 'custom', custom_build_command: ['sh', BUILD] },
    publish: { bucket, region },
  });
  return [
    { path: 'gdk-config.json', text: config, executable: false },
    { path: BUILD, text: buildScript(name, options), executable: true },
  ];
}

function buildScript(name: string, { main = 'dist/component.js', archive = archiveOf(name) }: RecipeOptions): string {
  return `#!/bin/sh
# Builds ${name} for \`gdk component publish\`. Written by greengrass-rx recipe --gdk.
set -eu
build=greengrass-build
# As gdk-config.json says: gdk publishes what is in the folder of that version.
version=$(node -p 'JSON.parse(fs.readFileSync("gdk-config.json", "utf8")).component["${name}"].version')
artifacts="$build/artifacts/${name}/$version"
recipe=recipe.yaml
[ -f "$recipe" ] || recipe=recipe.json
rm -rf "$build"
mkdir -p "$artifacts" "$build/recipes"

npm ci
npm run build
npx greengrass-rx recipe ${main} --check "$recipe"
cp "$recipe" "$build/recipes/"

npx greengrass-rx build ${main} --out "$build/bundle"
cp "$build/bundle/${archive}.zip" "$artifacts/"
`;
}
