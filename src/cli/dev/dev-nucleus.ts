import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { startLocalNucleus } from '../../local/local-nucleus.js';
import type { LocalNucleusOptions } from '../../local/local-nucleus-options.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import { CliError } from '../cli-error.js';
import { OBSERVER, writeDown } from '../reach/running-nuclei.js';
import { OBSERVER_COMPONENT, type DevComponent } from './dev-components.js';

/** The nucleus of `dev`, written down for `sub` and `pub`. Nothing of it is left once it is disposed of, or the process has ended. */
export interface DevNucleus extends AsyncDisposable {
  readonly nucleus: LocalNucleus;
  /** Also called if the process ends before it is disposed of: by a defect that nobody caught. */
  readonly onProcessEnd: (cleanUp: () => void) => void;
}

export async function startDevNucleus(
  components: readonly DevComponent[],
  options: Omit<LocalNucleusOptions, 'components'>,
  env: NodeJS.ProcessEnv,
): Promise<DevNucleus> {
  const nucleus = await startLocalNucleus({ ...options, components: [...components.map(({ local }) => local), OBSERVER_COMPONENT] }).catch(
    (error: unknown) => {
      throw asStartError(error, options.mqttPort);
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

/** Why there is no nucleus, where the user can do something about it. */
function asStartError(error: unknown, port = 0): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new CliError(`The port ${String(port)} is taken by another program.`, {
      cause: error,
      remedies: ['Give another with --mqtt-port, or none for a free one.'],
    });
  if (code === 'EACCES')
    return new CliError(`The system does not let this user listen at port ${String(port)}.`, {
      cause: error,
      remedies: ['Give one above 1023 with --mqtt-port, or none for a free one.'],
    });
  return error instanceof RangeError ? new CliError(error.message, { cause: error }) : error;
}
