// What must stand in no log line and no error text, at any log level.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { leadingTo, gateway, simulator, unique, until } from './support.mjs';

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
    await until(() => /settings reloaded/.test(nekod.log), 'no reload');
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
