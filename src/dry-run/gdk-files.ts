import type { Component } from '../component/component.js';
import { gdkConfigText } from '../recipe/gdk-config.js';
import { archiveOf, type RecipeOptions } from './recipe.js';

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
