import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject } from '../shared/json-object.js';

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

/** Those of an artifact's URI, of which a nucleus takes none with braces: `s3://{BUCKET_NAME}/{COMPONENT_NAME}/{COMPONENT_VERSION}/a.zip`. */
const IN_URI = /\{(BUCKET_NAME|COMPONENT_NAME|COMPONENT_VERSION)\}/g;

/** The first placeholder with braces in an artifact's URI. */
export function placeholderIn(uri: string): string | undefined {
  return uri.match(IN_URI)?.[0];
}

/** An artifact's URI as `gdk component build` writes it. It knows no bucket yet: that comes when the component is published. */
export function filledUri(uri: string, { name, version }: GdkComponent): string {
  return uri.replace(IN_URI, (_, what: string) => ({ COMPONENT_NAME: name, COMPONENT_VERSION: version })[what] ?? what);
}

/**
 * The one component of the `gdk-config.json` beside a recipe. Empty where there is none, or none that can be read: the recipe may have no
 * placeholders at all.
 *
 * Source: AWS IoT Greengrass developer guide, "Greengrass Development Kit CLI configuration file".
 */
export async function gdkComponentBeside(recipePath: string): Promise<GdkComponent> {
  try {
    const config: unknown = JSON.parse(await readFile(join(dirname(recipePath), 'gdk-config.json'), 'utf8'));
    const components = isJsonObject(config) && isJsonObject(config['component']) ? Object.entries(config['component']) : [];
    const [only, another] = components;
    if (only === undefined || another !== undefined) return {};
    const [name, component] = only;
    const version = isJsonObject(component) ? component['version'] : undefined;
    return { name, version: version === 'NEXT_PATCH' ? FIRST_VERSION : typeof version === 'string' ? version : undefined };
  } catch {
    return {};
  }
}
