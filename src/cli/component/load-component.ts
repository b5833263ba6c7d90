import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Component, isComponent } from '../../component/component.js';
import { CliError, UsageError } from '../cli-error.js';

/** A module threw while it was loaded: a bug of the module. */
export class ModuleBroken extends CliError {
  constructor(path: string, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${path} could not be loaded.`, { cause, remedies: text.split('\n') });
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
    throw new ModuleBroken(path, error);
  }
  const component = candidates(loaded).find(isComponent);
  if (component !== undefined) return component;
  const names = Object.keys(loaded).join(', ');
  throw new UsageError(
    `${path} exports no component${names === '' ? '' : `, but ${names}`}.`,
    "Give it one: import { component } from 'greengrass-rx/component'; export default component({ … });",
  );
}

/** A CommonJS module's exports are its default, and a default of its own is in there. */
function candidates({ default: exported, component }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const inner = typeof exported === 'object' && exported !== null ? (exported as Readonly<Record<string, unknown>>) : {};
  return [exported, component, inner['default'], inner['component']];
}

function isMissing(error: unknown, path: string): boolean {
  const { code, url } = error as { readonly code?: unknown; readonly url?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && url === pathToFileURL(resolve(path)).href;
}
