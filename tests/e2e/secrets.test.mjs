// What must not appear in any log line or error text, at any log level.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { addKey, leadingTo, gateway, runToEnd, simulator, temporaryFolder, unique } from './support.mjs';

for (const [level, format] of [['info', 'text'], ['debug', 'json'], ['trace', 'text']]) {
  test(`no secret is told at log level ${level}, as ${format}`, async (t) => {
    const sim = await simulator(t);
    const nekod = await gateway(t, [
      ...leadingTo(sim),
      ...['--anuneko-cookie', 'sid=very-private-cookie', '--log-level', level, '--request-timeout', '1'],
      ...['--log-format', format, '--log-path', 'logs'],
    ]);
    const secret = unique('private-words');
    const key = { Authorization: 'Bearer sk-clients-own-key' };
    let told = '';
    const say = async (fields, headers = key) => {
      const messages = [
        { role: 'system', content: `${secret}-system` },
        { role: 'user', content: secret },
      ];
      const response = await nekod.post({ messages, ...fields }, { headers });
      const body = await response.text();
      if (!response.ok) told += body;
      return response.status;
    };

    assert.equal(await say({}), 200);
    assert.equal(await say({ stream: true }), 200);
    assert.equal(await say({ temperature: secret }), 400);
    assert.equal(await say({ session_id: `no spaces ${secret}` }), 400);
    assert.equal((await nekod.post(`{"messages": "${secret}`)).status, 400);
    const faults = [
      { kind: 'status', status: 500, body: `the token secret-token and ${secret}` },
      { kind: 'status', status: 401, body: '{"detail":"secret-token is no good"}' },
      { kind: 'html', body: `<p>secret-token ${secret}</p>` },
      { kind: 'error_event' },
      { kind: 'error_event', body: `no answer to ${secret}` },
      { kind: 'reset' },
      { kind: 'silent' },
    ];
    for (const fault of faults) {
      await sim.fault({ call: 'stream', times: 100, ...fault });
      assert.ok((await say({})) >= 500);
      await sim.clearFaults();
    }
    for (const path of ['/v1/models?key=query-secret', '/metrics', '/sessions', '/health/ready'])
      told += await (await fetch(nekod.url + path, { headers: { ...key, Cookie: 'sid=clients-cookie' } })).text();
    nekod.kill('SIGHUP');
    await nekod.logged(/settings reloaded/);
    nekod.kill();
    assert.equal((await nekod.ended()).code, 0);
    told += readFileSync(join(nekod.home, 'logs', 'nekod.log'), 'utf8');

    const secrets = ['secret-token', 'very-private-cookie', 'private-words', 'sk-clients-own-key'];
    for (const word of [...secrets, 'query-secret', 'clients-cookie']) {
      assert.ok(!nekod.log.includes(word), `${word} is in the log:\n${nekod.log}`);
      assert.ok(!told.includes(word), `${word} is in an error text:\n${told}`);
    }
    assert.match(nekod.log, /listening on/);
  });
}

test('no secret of the other kind of upstream is told, nor by metrics, sessions or the settings in force', async (t) => {
  const sim = await simulator(t);
  const file = join(temporaryFolder(t), 'keys');
  const clientsKey = addKey(file, 'cat');
  const secrets = {
    openai: 'sk-planted-openai-key',
    proxy: 'planted-proxy-password',
    token: 'planted-token',
    cookie: 'planted-cookie',
    words: 'planted-private-words',
    client: clientsKey,
    wrong: 'sk-planted-wrong-key',
  };
  const args = [
    ...['--upstream', 'openai', '--openai-url', `${sim.url}/v1`, '--openai-key', secrets.openai, '--port', '0'],
    ...['--anuneko-token', secrets.token, '--anuneko-cookie', `sid=${secrets.cookie}`, '--api-keys', file],
    ...['--log-level', 'trace', '--request-timeout', '1', '--answer-timeout', '2', '--store', 'memory'],
    ...['--retries', '0', '--circuit-failures', '0', '--loading-wait', '0'], // Each failure is to be seen.
  ];
  const proxied = [...args, '--upstream-proxy', `http://cat:${secrets.proxy}@127.0.0.1:1`];
  await sim.settings({ token: secrets.openai });
  const [nekod, lost] = [await gateway(t, args), await gateway(t, proxied)];
  let told = '';
  const say = async (gate, fields, headers = { Authorization: `Bearer ${clientsKey}` }) => {
    const response = await gate.post({ model: 'Orange Cat', messages: [{ role: 'user', content: secrets.words }], ...fields }, { headers });
    const body = await response.text();
    // A server that fails may quote the client, to the client.
    if (!response.ok) told += body.replaceAll(secrets.words, '');
    told += JSON.stringify([...response.headers]);
    return response.status;
  };

  for (const stream of [false, true]) {
    assert.equal(await say(nekod, { stream }), 200);
    assert.equal(await say(nekod, { stream }, { Authorization: `Bearer ${secrets.wrong}` }), 401);
    assert.equal(await say(nekod, { stream, temperature: secrets.words, messages: 5 }), 400);
    assert.equal(await say(lost, { stream }), 502);
    for (const fault of [
      { kind: 'status', status: 500, body: `${secrets.openai} ${secrets.words}` },
      { kind: 'status', status: 401, body: `{"error":{"message":"wrong key: ${secrets.openai}"}}` },
      { kind: 'status', status: 403, body: `{"error":{"message":"${secrets.openai}"}}` },
      { kind: 'html', body: `<p>${secrets.openai} ${secrets.words}</p>` },
      { kind: 'reset' },
    ]) {
      await sim.fault({ call: 'completions', times: 100, ...fault });
      assert.ok((await say(nekod, { stream })) >= 500);
      await sim.clearFaults();
    }
  }
  const headers = { Authorization: `Bearer ${clientsKey}` };
  for (const gate of [nekod, lost])
    for (const path of ['/metrics', '/sessions', '/health/ready', '/', '/openapi.json', '/v1/models'])
      told += await (await fetch(gate.url + path, { headers })).text();
  const { code, log } = await runToEnd(t, [...proxied, '--check-config']);
  assert.equal(code, 0, log);
  told += log;
  for (const gate of [nekod, lost]) {
    gate.kill();
    assert.equal((await gate.ended()).code, 0);
    told += gate.log;
  }
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!told.includes(secret), `${name} is told`);
  assert.match(told, /nekod_turns_total/);
});
