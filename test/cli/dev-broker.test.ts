import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { makeCertificates, type Certificates } from '../kit/broker/certificates.js';
import { Mosquitto, freePort, isFree, mosquittoMissing } from '../kit/broker/mosquitto.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { recipeFile } from '../kit/process/recipes.js';
import { runCli, temporaryFolder, type CliProcess } from '../kit/process/run-cli.js';

const THERMOMETER = fileURLToPath(new URL('components/thermometer.mjs', import.meta.url));
/** Where AWS IoT Core is reached, and in `--iot-core` no other port can be given. */
const IOT_CORE_PORT = 8883;

/** `dev` with a component that publishes on sensors/s1/temperature and gets it back. */
function devWith(...flags: readonly string[]): CliProcess {
  const recipe = recipeFile(temporaryFolder());
  return runCli(['dev', ...flags, '--recipe', recipe, '--', process.execPath, THERMOMETER]);
}

if (mosquittoMissing !== undefined) console.warn(`Skipped, dev with a broker elsewhere: ${mosquittoMissing}.`);

describe.skipIf(mosquittoMissing !== undefined)('dev with a broker elsewhere', () => {
  test('--broker: what the component publishes is at the broker, and comes back from there', async () => {
    await using mosquitto = await Mosquitto.start(() => ['allow_anonymous true']);
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    const other = await connectAsync(url);
    await other.subscribeAsync('sensors/#');
    const arrived = new Promise<string>(resolve => other.once('message', (topic, payload) => resolve(`${topic} ${payload.toString()}`)));
    const dev = devWith('--broker', url);
    await dev.saw(/"kind":"broker"[^\n]*"state":"connected"/);
    await dev.saw(/"kind":"delivered"[^\n]*sensors\/s1\/temperature/);
    expect(await arrived).toBe('sensors/s1/temperature {"celsius":21.5}');
    expect(await dev.ended).toEqual({ code: 3, signal: null });
    expect(dev.stdout()).toContain(`"mqttUrl":"${url}"`);
    await other.endAsync();
  });

  test('--broker and --iot-core over mutual TLS, with the files that --ca, --cert and --key name', async () => {
    const isPortFree = await isFree(IOT_CORE_PORT);
    let certificates!: Certificates;
    await using mosquitto = await Mosquitto.start(async folder => {
      certificates = await makeCertificates(folder);
      const { ca, server } = certificates;
      const tls = [`cafile ${ca}`, `certfile ${server.certificate}`, `keyfile ${server.privateKey}`, 'require_certificate true'];
      return [...tls, ...(isPortFree ? [`listener ${IOT_CORE_PORT} 127.0.0.1`, ...tls] : []), 'allow_anonymous true'];
    });
    const { ca, client } = certificates;
    const files = ['--ca', ca, '--cert', client.certificate, '--key', client.privateKey];
    const ways = [['--broker', `mqtts://localhost:${mosquitto.port}`]];
    if (isPortFree) ways.push(['--iot-core', 'localhost', '--thing-name', 'my-desk']);
    else console.warn(`Not tried, --iot-core: somebody has port ${IOT_CORE_PORT}.`);
    for (const way of ways) {
      const dev = devWith(...way, ...files);
      await dev.saw(/"kind":"broker"[^\n]*"state":"connected"/);
      await dev.saw(/"kind":"delivered"[^\n]*sensors\/s1\/temperature/);
      expect(await dev.ended).toEqual({ code: 3, signal: null });
      expect(dev.stdout() + dev.stderr()).not.toContain(readFileSync(client.privateKey, 'utf8').split('\n')[1]);
    }
  });

  // In a process of its own: aws-crt holds such a connection for half a minute, and the process with it.
  test('a broker whose certificate is not trusted is told by what is wrong with it, and does not hold up Ctrl-C', async () => {
    const others = await makeCertificates(temporaryFolder());
    await using mosquitto = await Mosquitto.start(async folder => {
      const { ca, server } = await makeCertificates(folder);
      return [`cafile ${ca}`, `certfile ${server.certificate}`, `keyfile ${server.privateKey}`, 'allow_anonymous true'];
    });
    const dev = runCli(['dev', '--broker', `mqtts://localhost:${mosquitto.port}`, '--ca', others.ca]);
    await dev.saw(/"state":"offline"[^\n]*"BrokerTlsFailed"[^\n]*failed \((SELF_SIGNED|UNABLE_TO|CERT_)/);
    dev.child.kill('SIGINT');
    expect(await dev.ended).toEqual({ code: 130, signal: null });
  });

  test('a broker that is not there is told, and the component runs', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    const dev = runCli(['dev', '--broker', url, '--', process.execPath, '-e', 'process.exit(6)']);
    await dev.saw(/"state":"offline"[^\n]*nobody listens at its port/);
    expect(await dev.ended).toEqual({ code: 6, signal: null });
  });
});

test.each([
  [['--broker', 'http://x'], /A broker has a URL of the form mqtt:\/\/host:1883/],
  [['--broker', 'mqtt://x', '--iot-core', 'y'], /exclude each other/],
  [['--broker', 'mqtt://x', '--mqtt-port', '1883'], /--mqtt-port is the port of the embedded broker/],
  [['--broker', 'mqtt://x', '--ca', 'ca.pem'], /Certificates are for mqtts:\/\//],
  [['--ca', 'ca.pem'], /--ca, --cert and --key are for --broker or --iot-core/],
  [['--iot-core', 'x-ats.iot.eu-west-1.amazonaws.com'], /lets nobody in without a certificate/],
  [['--iot-core', 'https://x/', '--cert', 'a', '--key', 'b'], /is a host name without scheme/],
  [['--iot-core', 'x', '--cert', join('no', 'such', 'file'), '--key', 'b'], /could not be read from no\/such\/file/],
])('%s ends with 2 and says what is meant', async (flags, message) => {
  expect(await inProcess(['dev', ...flags, '--', process.execPath, '-e', ''])).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(message) as string,
  });
});
