import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where scripts/install-peers.sh puts AWS' SDKs for other languages. */
const FOLDER = process.env['GGRX_PEERS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'greengrass-rx', 'peers');

function installed(...path: readonly string[]): string | undefined {
  const at = join(FOLDER, ...path);
  return existsSync(at) ? at : undefined;
}

/** The interpreter with `awsiotsdk`. */
export const python: string | undefined = installed('python', 'bin', 'python');

/** The folder with the jars of `aws-iot-device-sdk`. */
export const javaJars: string | undefined = installed('java');

/** The linter of CloudFormation templates. */
export const cfnLint: string | undefined = installed('cfn-lint', 'bin', 'cfn-lint');

/** The folders with the jars of a Flink and of a Kafka broker. */
export const flinkJars: string | undefined = installed('flink');
export const kafkaJars: string | undefined = installed('kafka');

/** The folder of test/bench/others/install.sh. */
export const others: string | undefined = installed('others');

/**
 * For a Java that runs for seconds: what the compiler of the second tier and several threads of a collector cost, nothing of it is ever
 * earned.
 */
export const SHORT_LIVED_JAVA: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
/** The same for its compiler. */
export const SHORT_LIVED_JAVAC: readonly string[] = SHORT_LIVED_JAVA.map(option => `-J${option}`);
