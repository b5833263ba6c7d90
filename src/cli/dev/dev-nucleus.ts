import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BrokerChoice } from '../../local/broker/address.js';
import type { LocalNucleus, LocalNucleusOptions } from '../../local/nucleus.js';
import { startLocalNucleus } from '../../local/local-nucleus.js';
import { EVERYTHING } from '../../local/pubsub/neighbour.js';
import { folderOfSocket } from '../../local/server/ipc-server.js';
import type { LocalComponent } from '../../recipe/recipe.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import { OBSERVER, writeDown } from '../reach/reach.js';
import type { DevComponent } from './dev-component.js';

/** The nucleus of `dev`, written down for `sub` and `pub`. Nothing of it is left once it is disposed of, or the process has ended. */
export interface DevNucleus extends AsyncDisposable {
  readonly nucleus: LocalNucleus;
  /** The work folder of a component, which it may write into. */
  readonly workPath: (component: string) => string;
  /** Also called if the process ends before it is disposed of: by a defect that nobody caught. */
  readonly onProcessEnd: (cleanUp: () => void) => void;
}

/** `sub` and `pub` may use every topic. */
const OBSERVER_COMPONENT: LocalComponent = { name: OBSERVER, accessControl: EVERYTHING, observer: true };

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
  const folder = folderOfSocket(nucleus.socketPath);
  const cleanUps = [(): void => rmSync(folder, { recursive: true, force: true })];
  // At the process' end there is no time for anything that is not done at once. What came last goes first: a folder into which somebody
  // still writes may not be removable, and what failed would keep the others from being done.
  const atExit = (): void => {
    for (const cleanUp of cleanUps.toReversed()) cleanUp();
  };
  process.on('exit', atExit);
  const remove = writeDownNucleus(nucleus, components, env);
  cleanUps.push(remove);
  return {
    nucleus,
    workPath: component => {
      const path = join(folder, 'work', component);
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

/** Which broker is behind the nucleus. */
export interface BrokerFlags {
  readonly broker?: string | undefined;
  readonly iotCore?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly thingName: string;
  readonly mqttPort?: number | undefined;
}

export function brokerChoice({ broker, iotCore, ca, cert, key, thingName, mqttPort }: BrokerFlags): BrokerChoice | undefined {
  if (mqttPort !== undefined && (broker ?? iotCore) !== undefined)
    throw new UsageError('--mqtt-port is the port of the embedded broker.', 'With --broker the port stands in the URL.');
  if (iotCore !== undefined) {
    if (broker !== undefined) throw new UsageError('--broker and --iot-core exclude each other.', 'Give the one that is meant.');
    if (cert === undefined || key === undefined)
      throw new UsageError('AWS IoT Core lets nobody in without a certificate.', 'Give those of the thing with --cert and --key.');
    return { endpoint: iotCore, thingName, certificate: cert, privateKey: key, rootCa: ca };
  }
  if (broker !== undefined) return { url: broker, ca, certificate: cert, privateKey: key };
  if (ca ?? cert ?? key) throw new UsageError('--ca, --cert and --key are for --broker or --iot-core.', 'The embedded broker needs none.');
  return undefined;
}
