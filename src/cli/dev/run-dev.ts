import { firstValueFrom, Subject } from 'rxjs';
import type { ProfileName } from '../../local/profile-name.js';
import type { Cli } from '../cli.js';
import { aborted } from '../reach/aborted.js';
import { stopOnSignals } from '../stopping.js';
import { componentEnvironment } from './component-environment.js';
import { recipeComponents, unrestrictedComponent } from './dev-components.js';
import { DevLog } from './dev-log.js';
import { startDevNucleus } from './dev-nucleus.js';
import { renderJson } from './json-log.js';
import { prettyLog } from './pretty-log.js';
import { superviseComponent } from './supervise-component.js';
import { changes, watchedFolders } from './watch.js';

export interface DevOptions {
  readonly recipe: readonly string[];
  readonly name: string;
  readonly profile: ProfileName;
  readonly watch?: boolean | undefined;
  readonly watchPath: readonly string[];
  readonly json?: boolean | undefined;
  readonly mqttPort?: number | undefined;
  readonly thingName: string;
  readonly region: string;
  readonly grace: number;
}

/** Runs a nucleus, and a component against it, until the component ends or a signal ends both. Leaves nothing behind. */
export async function runDev(cli: Cli, command: readonly string[], options: DevOptions): Promise<void> {
  const { out } = cli;
  const { profile, mqttPort, thingName, region, grace } = options;
  const components =
    options.recipe.length === 0
      ? [unrestrictedComponent(options.name)]
      : await recipeComponents(options.recipe, profile, { thingName, region });
  let kill = (): void => undefined;
  using stopping = stopOnSignals(cli, () => kill());
  await using dev = await startDevNucleus(components, { profile, mqttPort }, cli.env);
  const { nucleus } = dev;
  const names = components.map(({ name }) => name);
  const log = new DevLog(out, options.json === true || !out.isTerminal ? renderJson : prettyLog(out, names));
  log.tell({ kind: 'listening', profile, socketPath: nucleus.socketPath, mqttUrl: nucleus.mqttUrl, components: names });
  for (const { name, warnings } of components) for (const text of warnings) log.tell({ kind: 'warning', component: name, text });
  nucleus.observe(log.tell);
  const environment = (name: string, setenv: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
    ...setenv,
    ...componentEnvironment(profile, nucleus.environment(name), { thingName, region }),
  });

  const [file, ...args] = command;
  const [own] = components;
  if (file === undefined || own === undefined) {
    for (const { name, setenv } of components) log.tell({ kind: 'environment', component: name, variables: environment(name, setenv) });
    await firstValueFrom(aborted(stopping.signal));
    return;
  }
  const isWatching = options.watch === true || options.watchPath.length > 0;
  const paths = options.watchPath.length > 0 ? options.watchPath : watchedFolders(command, process.cwd());
  // One watcher for all runs.
  const changed$ = new Subject<string>();
  const watching = isWatching ? changes(paths).subscribe(changed$) : undefined;
  const component = superviseComponent({
    component: own.name,
    command: [file, ...args],
    env: () => ({ ...cli.env, ...environment(own.name, own.setenv) }),
    grace,
    changed$: isWatching ? changed$ : undefined,
    log,
    stopping,
  });
  kill = component.kill;
  dev.onProcessEnd(component.kill);
  cli.exitCode = await component.ended;
  watching?.unsubscribe();
}
