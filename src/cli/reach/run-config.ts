import * as t from 'io-ts';
import { firstValueFrom, takeUntil } from 'rxjs';
import { connectNucleus } from '../../client/connect.js';
import { forbiddenKey, parseJson } from '../../codec/json-text.js';
import { jsonPointer, pointerParts } from '../../recipe/configuration.js';
import { isJsonObject } from '../../shared/check-argument.js';
import { CliError, UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { asCliError, componentsOf, findDev, findNucleus, type ReachOptions } from './reach.js';
import { askDev } from './control-channel.js';

/** Whose configuration. */
export interface ConfigOptions extends ReachOptions {
  readonly component?: string | undefined;
}

/** Prints what a component's configuration has at a place, as JSON. */
export async function getConfig(cli: Cli, path: string | undefined, options: ConfigOptions): Promise<void> {
  const address = findNucleus(options, cli.env);
  using stopping = stopOnSignals(cli);
  await using nucleus = connectNucleus({ ...address, transport: options.transport, refusalPatience: 0 });
  const keyPath = keysOf(path ?? '/');
  const componentName = options.component ?? address.firstComponent;
  const value$ = nucleus.configuration.value$(t.unknown, { keyPath, componentName });
  const found = await firstValueFrom(value$.pipe(takeUntil(aborted(stopping.signal))), { defaultValue: undefined });
  if (found === undefined) return;
  if (found._tag === 'Left') throw asCliError(found.left);
  if (found.right === undefined) throw new CliError(`${componentName ?? 'The component'} has no configuration at ${path ?? '/'}.`);
  cli.out.line(JSON.stringify(found.right, undefined, 2));
}

/** Has `dev` deploy the component with a value over its configuration. */
export async function setConfig(cli: Cli, path: string, value: string, options: ConfigOptions): Promise<void> {
  const keys = keysOf(path);
  const json = jsonOf(value);
  if (keys.length === 0 && !isJsonObject(json))
    throw new UsageError('The whole configuration is a JSON object.', 'Name the place: /config/limit 5');
  await configure(cli, options, { merge: nested(keys, json), reset: [] });
}

/** Has `dev` deploy the component with the recipe's defaults at a place. */
export async function resetConfig(cli: Cli, path: string, options: ConfigOptions): Promise<void> {
  await configure(cli, options, { merge: {}, reset: [jsonPointer(keysOf(path))] });
}

async function configure(
  cli: Cli,
  { component, nucleus }: ConfigOptions,
  change: { readonly merge: Record<string, unknown>; readonly reset: readonly string[] },
): Promise<void> {
  const dev = findDev(nucleus, cli.env);
  const name = component ?? componentsOf(dev)[0] ?? '';
  cli.out.line(await askDev(dev.socketPath, { ask: 'configure', component: name, ...change }));
}

/** Has `dev` announce an update, or start the component again. */
export async function askForStart(cli: Cli, ask: 'update' | 'restart', { nucleus }: Pick<ReachOptions, 'nucleus'>): Promise<void> {
  cli.out.line(await askDev(findDev(nucleus, cli.env).socketPath, { ask }));
}

/** The keys of a JSON pointer, such as `/config/limit`. The slash in front may be left out. */
function keysOf(path: string): readonly string[] {
  const keys = pointerParts(path.startsWith('/') ? path : `/${path}`) ?? [];
  return keys.join('') === '' ? [] : keys;
}

/** JSON, or else the text itself. JSON that would not arrive as it stands is refused. */
function jsonOf(value: string): unknown {
  const json = parseJson(value);
  if (json._tag === 'Right') return json.right;
  // What is no JSON has a cause.
  if (json.left.cause !== undefined) return value;
  throw new UsageError(`This value cannot be deployed: ${json.left.problems.join('; ')}.`);
}

function nested(keys: readonly string[], value: unknown): Record<string, unknown> {
  const whole = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  const forbidden = forbiddenKey(whole);
  if (forbidden !== undefined) throw new UsageError(`This cannot be deployed: ${forbidden}.`);
  return isJsonObject(whole) ? { ...whole } : {};
}
