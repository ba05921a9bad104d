// The database as it is operated: over TLS, and with a standby that takes over.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Database, noDatabase } from '../e2e/database.mjs';
import { certificate, gateway, leadingToOpenai, simulator, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { told } from './nodes.mjs';

/// Asks until it is answered.
const answered = (node, text, fields) =>
  until(async () => {
    const response = await node.post({ messages: told(text), ...fields });
    const body = await response.text();
    if (response.status !== 200) assert.match(body, /store_unavailable|session_busy/);
    return response.status === 200 && JSON.parse(body);
  }, `${text} is not answered`);

test('the server is known by its certificate (sslmode=verify-full)', { skip: noDatabase }, async (t) => {
  const sim = await simulator(t);
  const tls = certificate(t);
  const database = new Database({ tls });
  t.after(() => database.remove());
  const uri = (root, host = 'localhost') =>
    `${database.uri('tls').replace('127.0.0.1', host)}?sslmode=verify-full&sslrootcert=${root}`;
  const start = (address) => gateway(t, [...leadingToOpenai(sim), '--store', address]);
  const nekod = await start(uri(tls.cert));
  await nekod.ask(unique());
  const links = "SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'nekod' GROUP BY 1";
  assert.match(database.sql(links), /^t\|\d+$/);
  // Another authority, and a host that is not in the certificate.
  for (const wrong of [uri(certificate(t, temporaryFolder(t)).cert), uri(tls.cert, '127.0.0.2')]) {
    const distrustful = await start(wrong);
    assert.match(distrustful.log, /certificate|127\.0\.0\.2/);
    assert.equal((await fetch(`${distrustful.url}/health/ready`)).status, 503);
  }
});

for (const [way, signal] of [['is killed', 'SIGKILL'], ['hangs', 'SIGSTOP']])
  test(`a standby that takes over has all that was answered: the primary ${way}`, { skip: noDatabase }, async (t) => {
    const sim = await simulator(t);
    const primary = new Database({ durable: true });
    t.after(() => {
      primary.signal('SIGCONT');
      primary.remove();
    });
    const address = primary.uri('standby');
    const standby = new Database({ durable: true, primary });
    t.after(() => standby.remove());
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql('SELECT pg_reload_conf()');
    await until(() => primary.sql('SELECT sync_state FROM pg_stat_replication') === 'sync', 'no synchronous standby');
    const hosts = address.replace(`127.0.0.1:${primary.port}`, `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`);
    const args = [...leadingToOpenai(sim), '--store', `${hosts}?target_session_attrs=read-write`, '--node-lease', '2'];
    const nodes = [await gateway(t, args), await gateway(t, args)];
    const session_id = unique('session');
    const said = [unique(), unique()];
    for (const [i, text] of said.entries()) await nodes[i].ask(text, { session_id });
    if (signal === 'SIGKILL') await primary.stop(signal);
    else primary.signal(signal);
    standby.sql('SELECT pg_promote()');
    for (const node of nodes) {
      said.push(unique());
      await answered(node, said.at(-1), { session_id });
    }
    const heard = JSON.stringify((await sim.completionOf(said.at(-1))).body.messages);
    const places = said.map((text) => heard.indexOf(text));
    assert.ok(!places.includes(-1), heard);
    assert.deepEqual(places, places.toSorted((x, y) => x - y), heard);
  });
