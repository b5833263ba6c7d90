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
 * The manifest that a device would use: the first whose platform it is. `undefined`: the deployment fails there.
 *
 * @param platform - The device; left out, this machine as a classic one.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference"; `PlatformHelper` of the nucleus;
 * "Types of Recipes Supported by GG nucleus lite" and `manifest_selection` of Greengrass Lite.
 */
export function manifestFor(recipe: Recipe, platform: DevicePlatform = currentPlatform()): RecipeManifest | undefined {
  return recipe.manifests.find(
    manifest =>
      !isClassicOnly(manifest.platform, platform) &&
      Object.entries(manifest.platform).every(([name, wanted]) => {
        const is = platform[name];
        return Array.isArray(wanted) ? wanted.some(one => fits(name, is, one)) : fits(name, is, wanted);
      }),
  );
}

/** Lite takes a platform that says nothing of the runtime for one of classic. */
const isClassicOnly = (wanted: RecipeManifest['platform'], { runtime }: DevicePlatform): boolean =>
  runtime === 'aws_nucleus_lite' && Object.keys(wanted).length > 0 && !('runtime' in wanted);

function fits(name: string, is: string | undefined, wanted: unknown): boolean {
  if (wanted === '*') return true;
  if (wanted === null) return is === undefined;
  if (is === undefined || typeof wanted !== 'string') return false;
  if (wanted === '//') return true;
  if ((name === 'os' || name === 'architecture') && (wanted === 'all' || wanted === 'any')) return true;
  if (wanted.length > 2 && wanted.startsWith('/') && wanted.endsWith('/')) return matches(wanted.slice(1, -1), is);
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
