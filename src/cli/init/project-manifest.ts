import { readFileSync } from 'node:fs';
import type { ProfileName } from '../../shared/profile-name.js';
import type { ProjectNames } from './project-names.js';

/** What package.json depends on, beside the names. */
export interface ManifestOptions {
  readonly profile: ProfileName;
  readonly eslint: boolean;
  /** What stands in package.json for greengrass-rx where it is not the version of the registry. */
  readonly packageSpecifier: string | undefined;
}

interface OwnManifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const LIBRARIES = ['fp-ts', 'io-ts', 'rxjs'];
const TOOLS = ['@types/node', 'typescript', 'vitest'];
const LINTERS = ['eslint', 'typescript-eslint'];

/** package.json of a new project. The versions are those that this version of greengrass-rx was tested with. */
export function projectManifest({ packageName }: ProjectNames, { profile, eslint, packageSpecifier }: ManifestOptions): string {
  const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as OwnManifest;
  const tested = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map(name => [name, own.devDependencies[name] ?? '*']));
  const dev = `greengrass-rx dev --recipe recipe.yaml${profile === 'classic' ? '' : ` --profile ${profile}`}`;
  const manifest = {
    name: packageName,
    version: '1.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts: {
      build: 'tsc -p tsconfig.build.json',
      start: `npm run build && ${dev} --chaos world.yaml -- greengrass-rx run dist/component.js`,
      dev: `npm run build && ${dev} --watch -- greengrass-rx run dist/component.js`,
      test: 'vitest run',
      typecheck: 'tsc',
      ...(eslint ? { lint: 'eslint .' } : {}),
      recipe: 'npm run build && greengrass-rx recipe dist/component.js --out recipe.yaml',
      'recipe:check': 'npm run build && greengrass-rx recipe dist/component.js --check recipe.yaml',
      diagram: 'npm run build && greengrass-rx diagram dist/component.js --out diagram.svg',
    },
    dependencies: { ...tested(LIBRARIES), 'greengrass-rx': packageSpecifier ?? `^${own.version}` },
    devDependencies: tested(eslint ? [...TOOLS, ...LINTERS].sort() : TOOLS),
  };
  return json(manifest);
}

/** tsconfig.json, which checks everything, and tsconfig.build.json, which compiles what runs on a device. */
export const COMPILER_FILES: readonly (readonly [path: string, text: string])[] = [
  [
    'tsconfig.json',
    json({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        // The declarations of vitest need those of a browser.
        skipLibCheck: true,
        noEmit: true,
      },
      include: ['src', 'test'],
    }),
  ],
  [
    'tsconfig.build.json',
    json({
      extends: './tsconfig.json',
      compilerOptions: { noEmit: false, rootDir: 'src', outDir: 'dist', sourceMap: true },
      include: ['src'],
    }),
  ],
];

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
