import { concatMap, filter, firstValueFrom, ignoreElements, map, merge, type Observable, ReplaySubject, Subject } from 'rxjs';
import { WORK_FOLDER_VARIABLE } from '../../component/configuration.js';
import type { Configuration } from '../../recipe/configuration.js';
import type { Profile } from '../../shared/profile.js';
import { NEIGHBOUR } from '../../local/pubsub/neighbour.js';
import { readShadowTopic } from '../../local/shadow/shadow-request.js';
import { readChaos } from '../chaos/read-chaos.js';
import { type ChaosAction, describeFault, runChaos, SubscribedFilters } from '../chaos/run-chaos.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { type ControlReply, serveControl } from '../reach/control-channel.js';
import { changes, startCompiler, superviseComponent, watchedFolders } from './supervise-component.js';
import { startable } from './supervised-process.js';
import { brokerChoice, type BrokerFlags, type DevNucleus, startDevNucleus } from './dev-nucleus.js';
import { componentEnvironment, type DevComponent, patience, recipeComponents, toldOften, unrestrictedComponent } from './dev-component.js';
import { DeployedComponents } from './deployed-components.js';
import { DevLog, renderJson } from './dev-log.js';
import { openInBrowser, takeKeys } from './keys.js';
import { prettyLog } from './pretty-log.js';

export interface DevOptions extends BrokerFlags {
  readonly recipe: readonly string[];
  readonly name: string;
  readonly profile: Profile;
  readonly watch?: boolean | undefined;
  readonly watchPath: readonly string[];
  readonly compile?: string | undefined;
  readonly chaos?: string | undefined;
  readonly format?: 'pretty' | 'json' | undefined;
  readonly mqttPort?: number | undefined;
  readonly region: string;
  readonly grace: number;
  readonly ui?: boolean | undefined;
  readonly uiPort?: number | undefined;
  readonly replay?: string | undefined;
}

/** Runs a nucleus, and a component against it, until the component ends or a signal ends both. Leaves nothing behind. */
export async function runDev(cli: Cli, command: readonly string[], options: DevOptions): Promise<void> {
  if (options.replay !== undefined) {
    if (command.length > 0) throw new UsageError('--replay shows a recording, and runs no component.', 'Leave the command out.');
    const { runReplay } = await import('../page/replay.js');
    await runReplay(cli, options.replay, options.uiPort);
    return;
  }
  const { out } = cli;
  const steps = options.chaos === undefined ? [] : readChaos(options.chaos);
  const components = await readComponents(options);
  if (steps.some(({ action }) => 'configure' in action) && options.recipe.length === 0)
    throw new UsageError('The script configures the component, and a configuration comes with a recipe.', 'Start dev with --recipe.');
  let kill = (): void => undefined;
  using stopping = stopOnSignals(cli, () => kill());
  const broker = brokerChoice(options);
  // A broker elsewhere has shadows of its own, or none.
  const servesShadows = broker === undefined;
  await using dev = await startDevNucleus(components, { ...options, broker, shadows: servesShadows }, cli.env);
  const { nucleus } = dev;
  const { profile, socketPath, mqttUrl } = nucleus;
  const deployed = new DeployedComponents(nucleus, components);
  const names = components.map(({ name }) => name);
  const log = new DevLog(out, (options.format ?? (out.isTerminal ? 'pretty' : 'json')) === 'json' ? renderJson : prettyLog(out, names));
  log.tell({ kind: 'listening', profile, socketPath, mqttUrl, components: names });
  for (const { name, warnings } of components) for (const text of warnings) log.tell({ kind: 'warning', component: name, text });
  // What the script says on local topics is told where nobody hears it, and else by its delivery.
  nucleus.observe(event => {
    if (event.kind !== 'localPublished' || event.component !== NEIGHBOUR) log.tell(event);
  });
  const filters = new SubscribedFilters();
  if (steps.length > 0) nucleus.observe(filters.observe);

  const chaos = runChaos(nucleus, steps, merge => deployed.configure(names[0] ?? '', merge, [])).subscribe(action => {
    tellStep(action, log, filters, servesShadows);
    if (!('stop' in action) || stopping.signal.aborted) return;
    stopping.stop('SIGTERM');
    // It was meant to end.
    cli.exitCode = EXIT.OK;
  });
  using _chaos = { [Symbol.dispose]: () => chaos.unsubscribe() };

  const variablesOf = (component: DevComponent): Readonly<Record<string, string>> =>
    environment(component, dev, options, cli.env, deployed.configurationOf(component));
  const restart$ = new Subject<void>();
  const restart = (): ControlReply => {
    if (command.length === 0) return { problem: 'dev runs no component here: it was started without a command' };
    restart$.next();
    return { done: 'started again' };
  };
  await using _control = await serveControl(socketPath, async request => {
    if (request.ask === 'configure') return deployed.configure(request.component, request.merge, request.reset);
    if (request.ask === 'restart' || command.length === 0) return restart();
    const answer = await deployed.update();
    if ('done' in answer) restart();
    return answer;
  });
  await using page =
    options.ui === true || options.uiPort !== undefined
      ? await (
          await import('../page/dev-page.js')
        ).openDevPage({
          nucleus,
          component: names[0] ?? options.name,
          command,
          port: options.uiPort,
          variables: () => ({ ...cli.env, ...(deployed.first && variablesOf(deployed.first)) }),
          configuration: () => deployed.first && deployed.configurationOf(deployed.first),
          tell: log.tell,
          restart,
          onProcessEnd: dev.onProcessEnd,
        })
      : undefined;
  const environmentOf = (component: DevComponent): Readonly<Record<string, string>> => ({
    ...(component === deployed.first && page?.variables),
    ...variablesOf(component),
  });
  if (page !== undefined) {
    log.observer = page.observe;
    log.tell({ kind: 'page', url: page.url });
  }
  using _keys = takeKeys(cli, nucleus, log, {
    restart,
    openPage: page === undefined ? undefined : () => openInBrowser(page.url),
    interrupt: () => stopping.stop('SIGINT'),
  });
  const [file, ...args] = command;
  if (file === undefined) {
    for (const each of deployed.all) log.tell({ kind: 'environment', component: each.name, variables: environmentOf(each) });
    await firstValueFrom(aborted(stopping.signal));
    return;
  }
  await using _compiler = options.compile === undefined ? undefined : await startCompiler(options.compile, log, stopping, dev.onProcessEnd);
  if (stopping.signal.aborted) return;
  // One watcher for all runs, so that no change falls between two.
  const changed$ = new Subject<string>();
  const ready$ = new ReplaySubject<'ready'>(1);
  const watching = isWatching(options) ? watch(command, options, log, deployed, () => ready$.next('ready')).subscribe(changed$) : undefined;
  try {
    if (watching !== undefined) {
      // What is saved as soon as the component runs is seen.
      const stop$ = aborted(stopping.signal).pipe(map(() => 'stop' as const));
      if ((await firstValueFrom(merge(ready$, stop$, changed$.pipe(ignoreElements())))) === 'stop') return;
    }
    let hasConnected = false;
    nucleus.observe(event => {
      hasConnected ||= event.kind === 'connected';
    });
    const component = superviseComponent({
      component: names[0] ?? options.name,
      command: startable([file, ...args]),
      env: () => ({ ...cli.env, ...toldOften(cli.env), ...(deployed.first && environmentOf(deployed.first)) }),
      grace: options.grace,
      changed$: watching === undefined ? undefined : changed$,
      restart$,
      hasConnected: () => hasConnected,
      log,
      stopping,
    });
    kill = component.kill;
    dev.onProcessEnd(component.kill);
    cli.exitCode = await component.ended;
  } finally {
    watching?.unsubscribe();
    // A `stop` of the script now comes too late: the exit code is the component's.
    chaos.unsubscribe();
  }
}

/** Tells what a step of the script does; of a message also whether anybody hears it. */
function tellStep(action: ChaosAction, log: DevLog, filters: SubscribedFilters, servesShadows: boolean): void {
  if ('publish' in action) {
    const { topicName } = action.publish;
    log.tell({ kind: 'cloud', topicName, heard: filters.hear(topicName) || (servesShadows && readShadowTopic(topicName) !== undefined) });
  } else if ('publishLocal' in action) {
    const { topic } = action.publishLocal;
    log.tell({ kind: 'neighbour', topic, heard: filters.hearLocally(topic) });
  } else if ('configure' in action) log.tell({ kind: 'deploys', configuration: action.configure });
  else log.tell({ kind: 'fault', fault: describeFault(action) });
}

function readComponents(options: DevOptions): Promise<readonly DevComponent[]> {
  const { recipe, name, profile } = options;
  return recipe.length === 0 ? Promise.resolve([unrestrictedComponent(name)]) : recipeComponents(recipe, profile, options);
}

/** The variables of a component: what Greengrass sets wins over the recipe's, as on a device. */
function environment(
  { name, setenv }: DevComponent,
  { nucleus, workPath }: DevNucleus,
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  configuration: Configuration | undefined,
): Readonly<Record<string, string>> {
  const { profile } = nucleus;
  const work = workPath(name);
  return {
    ...patience(profile, options.chaos !== undefined, env),
    // On a device it is the working folder; here that is the project's. What is in this one is gone with `dev`, unless another is named.
    [WORK_FOLDER_VARIABLE]: env[WORK_FOLDER_VARIABLE] ?? work,
    ...setenv(work, configuration),
    ...componentEnvironment(profile, nucleus.environment(name), options),
  };
}

function isWatching({ watch, watchPath, compile }: DevOptions): boolean {
  return watch === true || watchPath.length > 0 || compile !== undefined;
}

/**
 * Emits what has changed, from `onReady` on. A changed recipe is read again first; if it is broken, the log says so and the old one stays.
 */
function watch(
  command: readonly string[],
  options: DevOptions,
  log: DevLog,
  deployed: DeployedComponents,
  onReady: () => void,
): Observable<string> {
  const { recipe, watchPath } = options;
  let unready = recipe.length === 0 ? 1 : 2;
  const onOneReady = (): void => {
    if (--unready === 0) onReady();
  };
  const code$ = changes(watchPath.length > 0 ? watchPath : watchedFolders(command, process.cwd()), onOneReady, recipe);
  if (recipe.length === 0) return code$;
  const reread = async (): Promise<boolean> => {
    try {
      deployed.redeploy(await readComponents(options));
      return true;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      log.tell({ kind: 'warning', component: undefined, text: [error.message, ...error.remedies].join(' ') });
      return false;
    }
  };
  return merge(
    code$,
    changes(recipe, onOneReady).pipe(
      concatMap(async path => ({ path, isRead: await reread() })),
      filter(({ isRead }) => isRead),
      map(({ path }) => path),
    ),
  );
}
