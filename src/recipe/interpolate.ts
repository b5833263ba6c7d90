import { isJsonObject } from '../shared/check-argument.js';
import { editDistance } from '../shared/edit-distance.js';
import type { Profile } from '../shared/profile.js';
import { hook } from '../stream/hook.js';
import { type Configuration, pointerParts } from './configuration.js';

/** What a device puts in place of recipe variables. */
export interface RecipeVariables {
  readonly componentName: string;
  readonly componentVersion: string;
  /** The component's configuration in effect, for `{configuration:/…}`. */
  readonly configuration: Configuration;
  /** The name of the device's thing, for `{iot:thingName}`. */
  readonly thingName: string;
  /** The nucleus' root folder, for `{kernel:rootPath}`. */
  readonly rootPath: string;
  /** Lite ends the paths of a component with a slash, and classic does not. Left out: as classic. */
  readonly profile?: Profile | undefined;
  /** Where `{artifacts:path}` is. Left out: below the root folder, as on a device. */
  readonly artifactsPath?: string | undefined;
  /** Where `{artifacts:decompressedPath}` is. Left out: below the root folder, as on a device. */
  readonly decompressedPath?: string | undefined;
  /** Where `{work:path}` is. Left out: below the root folder, as on a device. */
  readonly workPath?: string | undefined;
  /** Those of the components it depends on, for `{com.example.Other:artifacts:path}`. */
  readonly dependencies?: readonly RecipeVariables[] | undefined;
}

/** What a device is called and set to, as far as recipes and policies go by it. */
export interface DeviceSettings {
  readonly thingName: string;
  readonly rootPath: string;
  /** Whether a classic nucleus fills in recipe variables in configurations, and so in policies: `interpolateComponentConfiguration`. */
  readonly interpolates: boolean;
}

/** The same as options have it. What is left out is as on a device that nobody has set up. */
export interface DeviceOptions {
  readonly thingName?: string | undefined;
  readonly rootPath?: string | undefined;
  readonly interpolateComponentConfiguration?: boolean | undefined;
}

export function deviceSettings({
  thingName = 'local-thing',
  rootPath = '/greengrass/v2',
  interpolateComponentConfiguration: interpolates = false,
}: DeviceOptions): DeviceSettings {
  return { thingName, rootPath, interpolates };
}

/** `{namespace:key}`, or with a component's name in front. Not `${*}` and its kin: an escape has no colon. */
const VARIABLE = /\{(?:([.\w-]+):)?([.\w]+):([^:}]*)\}/g;

/**
 * Puts a device's values in place of the recipe variables in a text: `{artifacts:path}`, `{artifacts:decompressedPath}`,
 * `{work:path}`, `{kernel:rootPath}`, `{iot:thingName}`, `{configuration:/json/pointer}`, and those of dependencies. A variable that
 * has no value stays as it is, as on a device. The escapes of policies (`${*}`) are no variables.
 *
 * @param onUnresolved - Called with each variable that stays.
 *
 * @example
 * ```ts
 * import { interpolate } from 'greengrass-rx/local';
 *
 * const text = interpolate('node {artifacts:path}/main.js --every {configuration:/seconds}', {
 *   componentName: 'com.example.Sensor',
 *   componentVersion: '1.0.0',
 *   configuration: { seconds: 10 },
 *   thingName: 'my-thing',
 *   rootPath: '/greengrass/v2',
 * });
 * console.log(text); // node /greengrass/v2/packages/artifacts/com.example.Sensor/1.0.0/main.js --every 10
 * ```
 *
 * Source: AWS IoT Greengrass developer guide, "Recipe variables"; `interpolation.c` of Greengrass Lite.
 */
export function interpolate(text: string, variables: RecipeVariables, onUnresolved?: (variable: string) => void): string {
  const leave = hook('onUnresolved', onUnresolved);
  return text.replaceAll(VARIABLE, (variable: string, component: string | undefined, namespace: string, key: string) => {
    const owner = component === undefined ? variables : variables.dependencies?.find(({ componentName }) => componentName === component);
    const value = owner === undefined ? undefined : valueOf(namespace, key, owner);
    if (value === undefined) leave?.(variable);
    return value ?? variable;
  });
}

/** `interpolate` for every text in a value; names stay as they are. */
export function interpolateAll(value: unknown, variables: RecipeVariables): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map(item => interpolateAll(item, variables));
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, interpolateAll(item, variables)]));
  return value;
}

/** A text without its recipe variables. */
export function withoutVariables(text: string): string {
  return text.replaceAll(VARIABLE, '');
}

/** The recipe variables that are the same in each recipe; the others are `{configuration:/…}`. */
const FIXED = ['artifacts:path', 'artifacts:decompressedPath', 'work:path', 'kernel:rootPath', 'iot:thingName'];
const NAMESPACES = new Set([...FIXED, 'configuration:'].map(name => name.slice(0, name.indexOf(':'))));
/**
 * A name with up to so many wrong letters is a misspelt variable, if most of its namespace is right. With more it is another text in
 * braces, which belongs to a program.
 */
const MISSPELT = 3;

/**
 * Finds what looks like a recipe variable and is none on any device, so that it stays as it is; and the variable that was probably meant.
 * Passes over what a shell or a program has in braces: behind a `$`, such as `${work:-/tmp}`, or with a space behind the colon.
 */
export function misspeltVariables(text: string): readonly { readonly variable: string; readonly meant: string }[] {
  return [...text.matchAll(VARIABLE)].flatMap(({ 0: variable, 1: component, 2: namespace = '', 3: key = '', index }) => {
    const name = `${namespace}:${key}`;
    const written = (meant: string): string => (component === undefined ? `{${meant}}` : `{${component}:${meant}}`);
    if (text[index - 1] === '$' || key.startsWith(' ') || FIXED.includes(name)) return [];
    if (namespace === 'configuration')
      return pointerParts(key) === undefined ? [{ variable, meant: `${written('configuration:/path/to/it')}, with a slash first` }] : [];
    const near = FIXED.filter(fixed => isMisspelt(name, fixed));
    const meant = near.length > 0 ? near : FIXED;
    return near.length > 0 || NAMESPACES.has(namespace) ? [{ variable, meant: meant.map(written).join(', ') }] : [];
  });
}

function isMisspelt(name: string, meant: string): boolean {
  const distance = (one: string, other: string): number => editDistance(Array.from(one.toLowerCase()), Array.from(other.toLowerCase()));
  const [[is = ''], [should = '']] = [name.split(':'), meant.split(':')];
  return distance(name, meant) <= MISSPELT && distance(is, should) * 2 < should.length;
}

function valueOf(namespace: string, key: string, variables: RecipeVariables): string | undefined {
  const { componentName, componentVersion, rootPath } = variables;
  if (namespace === 'configuration') return configured(variables.configuration, key);
  const end = variables.profile === 'lite' ? '/' : '';
  switch (`${namespace}:${key}`) {
    case 'artifacts:path':
      return variables.artifactsPath ?? `${rootPath}/packages/artifacts/${componentName}/${componentVersion}${end}`;
    case 'artifacts:decompressedPath':
      return variables.decompressedPath ?? `${rootPath}/packages/artifacts-unarchived/${componentName}/${componentVersion}${end}`;
    case 'work:path':
      return variables.workPath ?? `${rootPath}/work/${componentName}${end}`;
    case 'kernel:rootPath':
      return rootPath;
    case 'iot:thingName':
      return variables.thingName;
    default:
      return undefined;
  }
}

/** What a JSON pointer names: a text as it is, anything else as JSON. */
function configured(configuration: Configuration, pointer: string): string | undefined {
  const parts = pointerParts(pointer);
  if (parts === undefined) return undefined;
  let value: unknown = configuration;
  for (const part of parts) {
    const inner: unknown = Array.isArray(value)
      ? value[Number(part)]
      : isJsonObject(value) && Object.hasOwn(value, part)
        ? value[part]
        : undefined;
    if (inner === undefined) return undefined;
    value = inner;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
