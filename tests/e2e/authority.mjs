// A certificate authority, for servers whose certificates are right or wrong in one point.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './foreign.mjs';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });

/// Makes an authority. `file` is its certificate; `issue` returns what a server in Node needs, a `cert` with its
/// `key`. *scope* has an `after`.
export function authority(scope) {
  const home = folder(scope);
  const at = (name) => join(home, name);
  openssl('req', '-x509', ...newKey, '-days', '2', '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=cats');
  let issued = 0;
  const issue = (names = 'DNS:localhost,IP:127.0.0.1', days = 2) => {
    const [key, request, cert] = ['key', 'request', 'cert'].map((kind) => at(`${kind}-${++issued}.pem`));
    openssl('req', '-new', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=cat', '-addext', `subjectAltName=${names}`);
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', request, ...by, '-days', `${days}`, '-copy_extensions', 'copy', '-out', cert);
    return { cert: readFileSync(cert), key: readFileSync(key) };
  };
  return { file: at('ca.pem'), issue };
}
