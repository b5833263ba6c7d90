import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { type Component, isComponent } from './component.js';
import { EXITS } from './exit-codes.js';
import { jsonLog, levelIn } from './log.js';
import { runComponent } from './run-component.js';

/** On a component of a bundle: what runs it there. A bundle has a copy of this package, and of RxJS, of its own, and they belong together. */
const RUNNER: unique symbol = Symbol.for('greengrass-rx.runner');

interface WithRunner extends Component {
  readonly [RUNNER]?: typeof runComponent;
}

/** What a process of a component is told besides its environment. */
export interface ProcessOptions {
  /** Takes a line of the log. */
  readonly write: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** What the log calls the module, where its component is not known yet. */
  readonly module: string;
}

/**
 * The process of a component. From now on what nobody waits for ends it as a defect, with a line in its log: Node's own way is a stack trace on
 * stderr and the code 1.
 */
export class ComponentProcess {
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    this.#options = options;
    process.on('uncaughtException', this.defect);
    process.on('unhandledRejection', this.defect);
  }

  readonly defect = (error: unknown): never => {
    const { write, env, module } = this.#options;
    const { code, restart, meaning } = EXITS.defect;
    const log = jsonLog(write, { level: levelIn(env), fields: { module } });
    log.error(`ended: ${meaning}`, { event: 'ended', reason: 'defect', code, restart, error });
    process.exit(code);
  };

  /** Runs it to its end. Gives the code to exit with. */
  async run(component: WithRunner, healthFile?: string): Promise<number> {
    const { write, env } = this.#options;
    const log = jsonLog(write, { level: levelIn(env), fields: { component: component.name, version: component.version } });
    const { [RUNNER]: run = runComponent } = component;
    const { code } = await run(component, { env, log, healthFile });
    process.off('uncaughtException', this.defect);
    process.off('unhandledRejection', this.defect);
    return code;
  }
}

/**
 * For a module that is a program of its own, such as the one file that `greengrass-rx build` makes of a component. Gives a function that runs a component
 * to its end and ends the process with the code of {@link EXITS}: what `greengrass-rx run` does, without it on the device. Where Node was started
 * with another module, which imports this one, nothing is run.
 *
 * Call it before the component is loaded: what throws from then on, wherever, is in the log as a defect.
 *
 * @param url `import.meta.url` of the module.
 *
 * @example
 * ```ts
 * import { component, mainProgram } from 'greengrass-rx/component';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * const run = mainProgram(import.meta.url);
 * const once = component({ name: 'com.example.Once', version: '1.0.0', run: () => ({ numbers: of(E.right(1), E.right(2)) }) });
 * await run(once);
 * ```
 */
export function mainProgram(url: string): (component: Component) => Promise<void> {
  const module = fileURLToPath(url);
  if (!isMain(module))
    return component => {
      if (isComponent(component)) Object.defineProperty(component, RUNNER, { value: runComponent });
      return Promise.resolve();
    };
  // A reader of the log that goes away must not end the component.
  process.stdout.on('error', () => undefined);
  const own = new ComponentProcess({ write: line => void process.stdout.write(line), env: process.env, module });
  return async component => {
    const code = await own.run(component);
    await new Promise<void>(written => void process.stdout.write('', () => written()));
    process.exit(code);
  };
}

function isMain(module: string): boolean {
  const [, started] = process.argv;
  if (!isMainThread || started === undefined) return false;
  try {
    return resolve(started) === module || realpathSync(started) === module;
  } catch {
    // `node --eval` has what it likes there.
    return false;
  }
}
