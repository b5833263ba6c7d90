import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An authority and what it has signed, as paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly certificate: string; readonly privateKey: string };
  readonly client: { readonly certificate: string; readonly privateKey: string };
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority, a broker's certificate for localhost and a device's certificate, with openssl. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    await run('openssl', args);
  };
  await openssl('req', '-x509', ...EC_KEY, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=test authority');
  await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  const signed = async (name: string): Promise<{ certificate: string; privateKey: string }> => {
    await openssl('req', ...EC_KEY, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names')];
    await openssl('x509', '-req', '-in', at(`${name}.csr`), ...by, '-out', at(`${name}.pem`), '-days', '2');
    return { certificate: at(`${name}.pem`), privateKey: at(`${name}.key`) };
  };
  return { ca: at('ca.pem'), server: await signed('server'), client: await signed('client') };
}
