import { OBSERVER, writeDown } from '../../../src/cli/reach/reach.js';
import type { LocalNucleus } from '../../../src/local/index.js';
import { COMPONENT, OTHER } from '../nucleus/nuclei.js';
import { temporaryFolder } from './run-cli.js';

/** The environment of a user whose `dev` runs this nucleus. */
export function besideDev(nucleus: LocalNucleus, pid: number = process.pid): NodeJS.ProcessEnv {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  const tokens = { [OBSERVER]: nucleus.authToken(OTHER), [COMPONENT]: nucleus.authToken(COMPONENT) };
  const { profile, socketPath, mqttUrl } = nucleus;
  writeDown({ pid, profile, directory: '/somewhere', socketPath, mqttUrl, tokens }, env);
  return env;
}
