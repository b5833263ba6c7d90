import type { ProfileName } from '../shared/profile-name.js';
import type { Recipe, RecipeManifest } from './recipe.js';

/** What a device says of itself: `os`, `architecture`, `architecture.detail`, `runtime`, and what its owner adds. */
export type DevicePlatform = Readonly<Record<string, string>>;

const OS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm', arm64: 'aarch64' };

/** This machine as a device that runs the profile, in Greengrass' words: `{ os: 'linux', architecture: 'amd64' }`. */
export function currentPlatform(profile: ProfileName = 'classic'): DevicePlatform {
  const machine = { os: OS[process.platform] ?? 'unknown', architecture: ARCHITECTURE[process.arch] ?? 'unknown' };
  return profile === 'lite' ? { ...machine, runtime: 'aws_nucleus_lite' } : machine;
}

/**
 * The manifest that a device would use: the first whose platform it is. `undefined`: the deployment fails there. On Greengrass Lite it has the
 * lifecycle that Lite finds, and what stands in its way is in the recipe's `liteProblems`.
 *
 * @param platform - The device; left out, this machine as a classic one. A `runtime` of `aws_nucleus_lite` says that it runs Lite.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `PlatformHelper` of
 * aws-greengrass-component-common; "Types of Recipes Supported by Greengrass nucleus lite" and `manifest_selection` of Greengrass Lite.
 */
export function manifestFor(recipe: Recipe, platform: DevicePlatform = currentPlatform()): RecipeManifest | undefined {
  if (platform['runtime'] === 'aws_nucleus_lite') return onLite(recipe, platform);
  return recipe.manifests.find(manifest => Object.entries(manifest.platform).every(([name, wanted]) => fits(name, platform[name], wanted)));
}

function onLite({ liteManifests }: Recipe, { architecture }: DevicePlatform): RecipeManifest | undefined {
  for (const lite of liteManifests) {
    if (lite.kind === 'refused') return undefined;
    if (lite.kind === 'taken' && (lite.architecture === undefined || lite.architecture === architecture)) return lite.manifest;
  }
  return undefined;
}

function fits(name: string, is: string | undefined, wanted: string | null): boolean {
  if (wanted === '*' || wanted === null) return true;
  if (is === undefined || is === '') return false;
  if (wanted.length >= 2 && wanted.startsWith('/') && wanted.endsWith('/')) return matches(wanted.slice(1, -1), is);
  if ((name === 'os' || name === 'architecture') && (wanted === 'all' || wanted === 'any')) return true;
  return wanted === is;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    // Java's expressions are not quite JavaScript's; one that cannot be read fits nothing.
    return false;
  }
}
