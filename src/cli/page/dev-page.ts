import { dirname, join } from 'node:path';
import { localPublishProblem } from '../../client/local-request.js';
import { HEALTH_FILE_PERIOD } from '../../component/run-options.js';
import { FAULT_NAMES } from '../../local/faults/fault-table.js';
import type { FaultName } from '../../local/faults/fault-words.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import type { Configuration } from '../../recipe/configuration.js';
import { publishTopicProblem } from '../../topic/topic-rules.js';
import type { DevEvent } from '../dev/dev-log.js';
import { ComponentWatch, LOOK_EVERY, moduleIn } from './component-watch.js';
import { marbleTestOfModule } from './own-process.js';
import { PageModel } from './page-model.js';
import { servePage } from './page-server.js';
import type { PageAction, PageAnswer, PageComponent } from './page-state.js';

/** What the page shows, and what its buttons act on. */
export interface DevPageParts {
  readonly nucleus: LocalNucleus;
  readonly component: string;
  readonly command: readonly string[];
  readonly port: number | undefined;
  /** What the component is started with. */
  readonly variables: () => NodeJS.ProcessEnv;
  /** The component's configuration as it is now, its policies among it. */
  readonly configuration: () => Configuration | undefined;
  readonly tell: (event: DevEvent) => void;
  readonly restart: () => PageAnswer;
  /** Calls back when the process ends before the page is disposed of. */
  readonly onProcessEnd: (cleanUp: () => void) => void;
}

/** The page of a `dev` that runs. */
export interface DevPage extends AsyncDisposable {
  readonly url: string;
  readonly observe: (event: DevEvent) => void;
  /** What the component is to be told, so that there is something to see. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The seconds that "copy as a marble test" takes, where the component has run for longer. */
const TEST_SECONDS = 30;

const HEALTH_FILE = 'GREENGRASS_RX_HEALTH_FILE';

/** Opens the page of `dev --ui`. */
export async function openDevPage(parts: DevPageParts): Promise<DevPage> {
  const { nucleus, command, port, variables, tell } = parts;
  const module = moduleIn(command);
  const ownFile = join(dirname(nucleus.socketPath), 'health.json');
  // A recipe may name one.
  const namedFile = (): string => variables()[HEALTH_FILE] ?? ownFile;
  let healthFile = namedFile();
  const model = new PageModel(() => described(parts));
  const watch = new ComponentWatch(
    () => healthFile,
    module,
    health => (model.health = health),
    reason =>
      tell({
        kind: 'warning',
        component: parts.component,
        text: `The page draws what the component counts, since its code cannot be drawn: ${reason}`,
      }),
  );
  const closing = new AbortController();
  parts.onProcessEnd(() => closing.abort());
  const makeTest = testMaker(parts, model, module, closing.signal);
  const server = await servePage(model, action => act(action, parts, makeTest), { port });
  const watching = watch.start();
  closing.signal.addEventListener('abort', () => watching.unsubscribe());
  return {
    url: server.url,
    observe: event => {
      model.observe(event);
      if (event.kind !== 'started') return;
      healthFile = namedFile();
      void watch.redraw();
    },
    variables: { [HEALTH_FILE]: ownFile, [HEALTH_FILE_PERIOD]: String(LOOK_EVERY) },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

function described({ nucleus, component: name, configuration }: DevPageParts): PageComponent {
  const { accessControl, ...own } = configuration() ?? {};
  return {
    name,
    profile: nucleus.profile,
    configuration: JSON.stringify(own, undefined, 2),
    policies: accessControl === undefined ? 'It has no recipe: it may use every topic.' : JSON.stringify(accessControl, undefined, 2),
    faults: FAULT_NAMES,
    isRecording: false,
  };
}

async function act(action: PageAction, parts: DevPageParts, makeTest: () => Promise<PageAnswer>): Promise<PageAnswer> {
  const { nucleus, tell, restart } = parts;
  switch (action.do) {
    case 'fault': {
      const fault = FAULT_NAMES.find(name => name === action.fault);
      if (fault === undefined) return { problem: `there is no fault "${action.fault}"` };
      return inflict(nucleus, fault, tell);
    }
    case 'publish': {
      const { topicName, payload, isLocal } = action;
      const problem = isLocal ? localPublishProblem({ topic: topicName, payload })?.message : publishTopicProblem(topicName);
      if (problem !== undefined) return { problem };
      if (isLocal) nucleus.publishLocal({ topic: topicName, payload });
      else nucleus.publish({ topicName, payload, qos: 1 });
      return { done: `published to ${topicName}` };
    }
    case 'restart':
      return restart();
    case 'marble test':
      return makeTest();
  }
}

async function inflict(nucleus: LocalNucleus, fault: FaultName, tell: (event: DevEvent) => void): Promise<PageAnswer> {
  tell({ kind: 'fault', fault });
  await nucleus.faults.inflict(fault);
  return { done: fault };
}

/** Makes marble tests, one at a time: each starts a process. */
function testMaker(
  { nucleus: { profile }, configuration }: DevPageParts,
  model: PageModel,
  module: string | undefined,
  signal: AbortSignal,
): () => Promise<PageAnswer> {
  let isMaking = false;
  return async () => {
    if (module === undefined) return { problem: 'a marble test can be made only of a component that greengrass-rx run runs' };
    if (isMaking) return { problem: 'a marble test is being made already' };
    isMaking = true;
    try {
      const messages = model.since(Math.max(model.startedAt, model.lastAt - TEST_SECONDS * 1_000)).filter(({ way }) => way === 'in');
      return { done: await marbleTestOfModule(module, { messages, configuration: configuration()?.['config'] ?? {}, profile }, signal) };
    } finally {
      isMaking = false;
    }
  };
}
