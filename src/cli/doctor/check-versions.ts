import { loadCrt } from '../../ipc/crt/crt-native.js';
import { packageVersion } from '../package-version.js';
import type { Finding } from './finding.js';

/** The oldest Node that the package runs on, as its package.json says. */
const OLDEST_NODE = [20, 19] as const;

export async function checkVersions(): Promise<readonly Finding[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  const node = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return [
    { check: 'version', status: 'ok', message: `greengrass-rx ${packageVersion()}` },
    isOld
      ? { check: 'node', status: 'error', message: `${node} is older than ${OLDEST_NODE.join('.')}.`, remedy: 'Install a newer Node.' }
      : { check: 'node', status: 'ok', message: node },
    await checkCrt(),
  ];
}

async function checkCrt(): Promise<Finding> {
  try {
    await loadCrt();
    return { check: 'aws-crt', status: 'ok', message: 'can be loaded, so the transport crt can be used' };
  } catch {
    return {
      check: 'aws-crt',
      status: 'warning',
      message:
        'cannot be loaded. The default transport does not need it; the transport crt does, and MQTT brokers other than the embedded one.',
      remedy: 'If you need it, npm install aws-crt. It has no binary for 32-bit ARM.',
    };
  }
}
