import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Component, isComponent } from '../../component/component.js';
import { OwnProcess } from '../../component/run-component.js';
import { CliError, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';

/** Frames of a stack that are in packages, and not in the module's own files. */
const OF_PACKAGES = /^\s+at .*[\\/]node_modules[\\/]/;

/** A module threw, which is a bug of the module. */
export class ModuleBroken extends CliError {
  /** @param what could not be done with it. */
  constructor(what: string, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(what, { cause, remedies: text.split('\n').filter(line => !OF_PACKAGES.test(line)) });
  }
}

/** The component that a module exports as its default, or as `component`. Rejects with a sentence for the person. */
export async function loadComponent(path: string): Promise<Component> {
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (isMissing(error, path))
      throw new UsageError(`There is no module ${path}.`, 'Compile the component first, and give the path of the compiled file.');
    if (/\.[cm]?tsx?$/.test(path) && isOfUnknownKind(error, path))
      throw new UsageError(
        `${path} is TypeScript, which this Node does not run.`,
        'Compile the component first, and give the path of the compiled file.',
      );
    throw new ModuleBroken(`${path} could not be loaded.`, error);
  }
  const component = candidates(loaded).find(isComponent);
  if (component !== undefined) return component;
  const names = Object.keys(loaded).join(', ');
  throw new UsageError(
    `${path} exports no component${names === '' ? '' : `, but ${names}`}.`,
    "Give it one: import { component } from 'greengrass-rx/component'; export default component({ … });",
  );
}

/** Begins the line of a bundle of `greengrass-rx build` that says what it was made of, as a path from where it lies. */
export const BUILT_FROM = '//# builtFrom=';

/**
 * The module to look at for a component: for a bundle the module that it was made of, as a path from here. In a bundle the component has
 * its own copies of this package and of RxJS, into which a dry run cannot look.
 */
export function sourceOf(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return path;
  }
  const start = text.lastIndexOf(`\n${BUILT_FROM}`);
  if (start < 0) return path;
  const [from = ''] = text.slice(start + BUILT_FROM.length + 1).split('\n', 1);
  const source = relative('', resolve(dirname(path), from));
  if (existsSync(source)) return source;
  throw new UsageError(
    `${path} was built from ${source}, which is not there. What a component needs cannot be told from its bundle.`,
    `Compile the component, and give that path or this one.`,
  );
}

/** All that a CommonJS module exports comes as its default export; a `default` of its own is inside that. */
function candidates({ default: exported, component }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const inner = typeof exported === 'object' && exported !== null ? (exported as Readonly<Record<string, unknown>>) : {};
  return [exported, component, inner['default'], inner['component']];
}

function isOfUnknownKind(error: unknown, path: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return code === 'ERR_UNKNOWN_FILE_EXTENSION' && typeof message === 'string' && message.includes(resolve(path));
}

function isMissing(error: unknown, path: string): boolean {
  const { code, url } = error as { readonly code?: unknown; readonly url?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && url === pathToFileURL(resolve(path)).href;
}

/** What `run` was told. */
export interface RunCommandOptions {
  readonly health?: string;
}

/** Runs the component of a module to its end, and ends as it does. */
export async function runModule(cli: Cli, module: string, { health }: RunCommandOptions): Promise<void> {
  const own = new OwnProcess({ write: line => void cli.out.write(line), env: cli.env, module });
  const component = await loadComponent(module).catch((error: unknown) => {
    if (error instanceof ModuleBroken) own.defect(error.cause);
    throw error;
  });
  cli.exitCode = await own.run(component, health);
}
