import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as t from 'io-ts';
import { problemsOf } from '../codec/codec.js';
import { isJsonObject } from '../shared/check-argument.js';
import type { RecipePlace } from './recipe-place.js';

/** A component as `gdk-config.json` has it: what the Development Kit puts in place of placeholders. */
export interface GdkComponent {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

const PLACEHOLDERS: Readonly<Record<'name' | 'version' | 'author', RegExp>> = {
  name: /^[^A-Za-z0-9]*component[_-]?name[^A-Za-z0-9]*$/i,
  version: /^[^A-Za-z0-9]*(?:component[_-]?version|NEXT_PATCH)[^A-Za-z0-9]*$/i,
  author: /^[^A-Za-z0-9]*component[_-]?author[^A-Za-z0-9]*$/i,
};

/** What the Development Kit gives a component that was never published, for `NEXT_PATCH`. */
const FIRST_VERSION = '1.0.0';

/** The placeholder in place of a name, a version or a publisher; `{COMPONENT_NAME}` without quotes, which is a map in YAML, too. */
export function placeholderOf(what: keyof typeof PLACEHOLDERS, value: unknown): string | undefined {
  const names = isJsonObject(value) ? Object.keys(value) : [];
  const text = typeof value === 'string' ? value : names.length === 1 ? `{${names[0] ?? ''}}` : '';
  return PLACEHOLDERS[what].test(text) ? text : undefined;
}

/**
 * The placeholders of an artifact's URI, such as `s3://{BUCKET_NAME}/{COMPONENT_NAME}/{COMPONENT_VERSION}/a.zip`. A nucleus takes no braces
 * there.
 */
const IN_URI = /\{(BUCKET_NAME|COMPONENT_NAME|COMPONENT_VERSION)\}/g;

/** The first placeholder with braces in an artifact's URI. */
export function placeholderIn(uri: string): string | undefined {
  return uri.match(IN_URI)?.[0];
}

/** An artifact's URI as `gdk component build` writes it. It knows no bucket yet: that comes when the component is published. */
export function filledUri(uri: string, { name, version }: GdkComponent): string {
  return uri.replace(IN_URI, (_, what: string) => ({ COMPONENT_NAME: name, COMPONENT_VERSION: version })[what] ?? what);
}

/** Says of a place that nothing fills in its placeholder. */
export function unfilled(place: RecipePlace, placeholder: string): void {
  const what = 'a placeholder of the Greengrass Development Kit, which gdk component build fills in from gdk-config.json';
  place.error(what, 'Put gdk-config.json beside the recipe, with one component in it, or write what it stands for', placeholder);
}

/** What `gdk-config.json` says of a component that is built by a command of its own. */
interface GdkComponentConfig {
  readonly author: string;
  readonly version: string;
  readonly build: { readonly build_system: 'custom'; readonly custom_build_command: string[] };
  readonly publish: { readonly bucket: string; readonly region: string };
}

const Component = t.type({
  author: t.string,
  version: t.string,
  build: t.type({ build_system: t.literal('custom'), custom_build_command: t.array(t.string) }),
  publish: t.type({ bucket: t.string, region: t.string }),
});

/** As it is written: all of it. */
const Config = t.type({ gdk_version: t.string, component: t.record(t.string, Component) });
/** As it is read: it may be built otherwise. */
const Components = t.type({ component: t.record(t.string, t.partial({ version: Component.props.version })) });

/** The first that takes a build command as a list. */
const GDK_VERSION = '1.3.0';

/**
 * The text of a `gdk-config.json`, for one component.
 *
 * @throws TypeError for what makes none.
 *
 * Source: AWS IoT Greengrass developer guide, "Greengrass Development Kit CLI configuration file".
 */
export function gdkConfigText(name: string, component: GdkComponentConfig): string {
  const config = { gdk_version: GDK_VERSION, component: { [name]: component } };
  const checked = Config.decode(config);
  if (checked._tag === 'Left') throw new TypeError(`These options make no gdk-config.json: ${problemsOf(checked.left).join('; ')}`);
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/**
 * The one component of the `gdk-config.json` beside a recipe. Empty where there is none, or none that can be read: the recipe may have no
 * placeholders.
 */
export async function gdkComponentBeside(recipePath: string): Promise<GdkComponent> {
  try {
    const config = Components.decode(JSON.parse(await readFile(join(dirname(recipePath), 'gdk-config.json'), 'utf8')));
    const [only, another] = config._tag === 'Left' ? [] : Object.entries(config.right.component);
    if (only === undefined || another !== undefined) return {};
    const [name, { version }] = only;
    return { name, version: version === 'NEXT_PATCH' ? FIRST_VERSION : version };
  } catch {
    return {};
  }
}
