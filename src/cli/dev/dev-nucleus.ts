import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startLocalNucleus } from '../../local/local-nucleus.js';
import type { LocalNucleusOptions } from '../../local/local-nucleus-options.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import { CliError, EXIT } from '../cli-error.js';
import { OBSERVER, writeDown } from '../reach/running-nuclei.js';
import { OBSERVER_COMPONENT, type DevComponent } from './dev-components.js';

/** The nucleus of `dev`, written down for `sub` and `pub`. Nothing of it is left once it is disposed of, or the process has ended. */
export interface DevNucleus extends AsyncDisposable {
  readonly nucleus: LocalNucleus;
  /** The work folder of a component, which it may write into. */
  readonly workPath: (component: string) => string;
  /** Also called if the process ends before it is disposed of: by a defect that nobody caught. */
  readonly onProcessEnd: (cleanUp: () => void) => void;
}

export async function startDevNucleus(
  components: readonly DevComponent[],
  options: Omit<LocalNucleusOptions, 'components'>,
  env: NodeJS.ProcessEnv,
): Promise<DevNucleus> {
  for (const { name } of components) {
    if (basename(name) === name && name !== '.' && name !== '..') continue;
    throw new CliError(`The component name ${JSON.stringify(name)} cannot be the name of a folder.`, {
      exitCode: EXIT.USAGE,
      remedies: ['Give the component a name of letters, digits, dots and dashes, such as com.example.Sensor.'],
    });
  }
  const nucleus = await startLocalNucleus({ ...options, components: [...components.map(({ local }) => local), OBSERVER_COMPONENT] }).catch(
    (error: unknown) => {
      throw asStartError(error);
    },
  );
  const cleanUps = [(): void => rmSync(dirname(nucleus.socketPath), { recursive: true, force: true })];
  // At the process' end there is no time for anything that is not done at once.
  const atExit = (): void => {
    for (const cleanUp of cleanUps) cleanUp();
  };
  process.on('exit', atExit);
  const remove = writeDownNucleus(nucleus, components, env);
  cleanUps.push(remove);
  return {
    nucleus,
    workPath: component => {
      const path = join(dirname(nucleus.socketPath), 'work', component);
      mkdirSync(path, { recursive: true });
      return path;
    },
    onProcessEnd: cleanUp => void cleanUps.push(cleanUp),
    [Symbol.asyncDispose]: async () => {
      remove();
      await nucleus.stop();
      process.off('exit', atExit);
    },
  };
}

function writeDownNucleus(nucleus: LocalNucleus, components: readonly DevComponent[], env: NodeJS.ProcessEnv): () => void {
  const { profile, socketPath, mqttUrl } = nucleus;
  const names = [...components.map(({ name }) => name), OBSERVER];
  const tokens = Object.fromEntries(names.map(name => [name, nucleus.authToken(name)]));
  return writeDown({ pid: process.pid, profile, directory: process.cwd(), socketPath, mqttUrl, tokens }, env);
}

/** Why there is no nucleus, where the user can do something about it: a broker or an option that cannot be. */
function asStartError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof RangeError || error instanceof TypeError || error.name === 'BrokerCredentialsInvalid')
    return new CliError(error.message, { exitCode: EXIT.USAGE, cause: error });
  return error.name.startsWith('Broker') ? new CliError(error.message, { cause: error }) : error;
}
