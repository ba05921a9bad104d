// Another tenant's key at every endpoint in the OpenAPI document, in every documented way: nothing of the first
// tenant's comes back, and nothing of it is changed.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, gateway, leadingTo, leadingToOpenai, simulator, temporaryFolder, unique, until } from './support.mjs';

const file = join(temporaryFolder({ after }), 'keys');
const keys = { alice: addKey(file, 'alice-of-the-first-floor'), mallory: addKey(file, 'mallory') };
const bearer = (name) => (name ? { Authorization: `Bearer ${keys[name]}` } : {});
const user = (content) => ({ role: 'user', content });
const said = (content) => ({ role: 'assistant', content });

/// Every documented request, with each value of each of its parameters; *values* are by their names.
function* requestsOf(document, values) {
  const resolve = (x) => (x.$ref ? x.$ref.split('/').slice(1).reduce((at, key) => at[key], document) : x);
  const valuesOf = (parameter) => {
    const found = values[parameter.name];
    assert.ok(found, `a parameter that this test knows: ${parameter.name}`);
    return found;
  };
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      if (!/^(get|post|put|patch|delete)$/.test(method)) continue;
      const parameters = (operation.parameters ?? []).map(resolve);
      const inPath = parameters.filter((p) => p.in === 'path');
      const places = inPath.reduce(
        (paths, p) => paths.flatMap((each) => valuesOf(p).map((v) => each.replace(`{${p.name}}`, v))), [path]);
      const queries = parameters.filter((p) => p.in === 'query').flatMap((p) => valuesOf(p).map((v) => `?${p.name}=${v}`));
      const fields = parameters.filter((p) => p.in === 'header').flatMap((p) => valuesOf(p).map((v) => ({ [p.name]: v })));
      const bodies = operation.requestBody ? values.bodies : [undefined];
      for (const place of places)
        for (const query of ['', ...queries])
          for (const headers of [{}, ...fields])
            for (const body of bodies) yield { method: method.toUpperCase(), path: place, query, headers, body };
    }
}

const send = async (nekod, name, { method, path, query, headers, body }) => {
  const response = await fetch(nekod.url + path + query, {
    method,
    headers: { ...bearer(name), ...headers, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const fields = [...response.headers].filter(([field]) => field !== 'x-request-id');
  return { status: response.status, text: JSON.stringify(fields) + (await response.text()) };
};

for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai }))
  test(`${kind}: a walk through all endpoints finds nothing of another tenant's`, async (t) => {
    const sim = await simulator(t);
    const nekod = await gateway(t, [...leading(sim), '--api-keys', file]);
    const alice = { headers: bearer('alice') };

    // One session found by its name, one by its history, one by a retry, and one by its response or conversation.
    const [id, key] = [unique('room-of-alice'), unique('key-of-alice')];
    const [named, told, next] = [unique('words-of-alice'), unique('words-of-alice'), unique('words-of-alice')];
    const first = await nekod.ask(named, { session_id: id }, alice);
    const open = await nekod.ask(told, {}, { headers: { ...bearer('alice'), 'Idempotency-Key': key } });
    const [asked, input] = [unique('response-of-alice'), { ...alice.headers, 'Content-Type': 'application/json' }];
    const post = { method: 'POST', headers: input, body: JSON.stringify({ input: asked, metadata: { of: 'alice' } }) };
    const response = await (await fetch(`${nekod.url}/v1/responses`, post)).json();
    const list = async (query = '') => (await fetch(`${nekod.url}/sessions${query}`, alice)).json();
    // A turn may be answered before its session has settled.
    const resting = async () => {
      const page = await list();
      return page.sessions.every((session) => /^(idle|stored)$/.test(session.state)) && page;
    };
    const before = await until(resting, "alice's sessions do not settle");
    const { next: place } = await list('?limit=1');
    const chats = (await sim.chats()).map((chat) => chat.id);

    const { conversation } = before.sessions.find((session) => session.id === response.session_id);
    const reference = { type: 'item_reference', id: response.output[0].id };
    const history = [user(told), said(open.text), user('what did I say?')];
    const values = {
      id: [response.id, conversation, id, open.json.session_id, `${id}/`, `%2e%2e/sessions/${id}`, 'mihoyo-orange_cat', ...chats],
      item: [response.output[0].id],
      order: ['asc'],
      limit: ['1', '1000'],
      operation: ['generations', 'speech'],
      after: [encodeURIComponent(place), response.output[0].id],
      idle_for: ['0'],
      model: ['mihoyo-orange_cat', 'Orange%20Cat'],
      all: ['true'],
      search: ['words-of-alice', 'room-of-alice', 'a'],
      refresh: ['true'],
      'X-Session-Id': [id, open.json.session_id],
      'X-Nekod-Session': [id, open.json.session_id],
      'Idempotency-Key': [key],
      'X-Stainless-Retry-Count': ['1'],
      'X-Resumable': ['true'],
      'X-Resume-After': ['1'],
      'Last-Event-ID': ['1'],
      starting_after: ['1'],
      stream: ['true'],
      confirm: ['true'],
      bodies: [false, true].flatMap((stream) => [
        { stream, messages: [user('what did I say?')] },
        { stream, session_id: id, messages: [user('what did I say?')] },
        { stream, messages: history },
        { stream, messages: history.slice(0, 1) },
        { stream, input: [user(asked), reference, user('what did I say?')] },
        { stream, input: 'what did I say?', previous_response_id: response.id },
        { stream, input: 'what did I say?', conversation },
      ]).concat([
        { metadata: { parent: conversation, from_item: response.output[0].id } },
        { items: [user('mine')], metadata: {} },
        { admin: true },
        { tenant: 'alice-of-the-first-floor', admin: true },
      ]),
    };
    const document = await (await fetch(`${nekod.url}/openapi.json`)).json();

    // A request that contains a secret itself may get it back.
    const secrets = [response.id, response.output[0].id, response.session_id, conversation, asked, ...chats, place, 'alice-of-the-first-floor', keys.alice, named, open.json.id, first.json.id];
    let walked = 0;
    for (const request of requestsOf(document, values)) {
      const sent = JSON.stringify(request);
      // The same names, used by mallory, are sessions of her own.
      await send(nekod, 'mallory', { method: 'DELETE', path: '/sessions', query: '?all=true', headers: {} });
      const { status, text } = await send(nekod, 'mallory', request);
      walked += 1;
      assert.ok(status < 500, `${sent}: ${status} ${text}`);
      for (const secret of [...secrets, id, told, open.json.session_id])
        if (!sent.includes(secret)) assert.ok(!text.includes(secret), `${sent} shows ${secret}: ${text}`);
      // She does not even learn that there is such a session.
      if (request.path.includes(id)) {
        const missing = await send(nekod, 'mallory', { ...request, path: request.path.replace(id, unique('no-room-there')) });
        assert.deepEqual([status, text.length], [missing.status, missing.text.length], sent);
      }
      const stranger = await send(nekod, undefined, request);
      for (const secret of [...secrets, id, told])
        if (!sent.includes(secret)) assert.ok(!stranger.text.includes(secret), `${sent} shows ${secret} without a key`);
    }
    assert.ok(walked > 50, `${walked} requests`);

    assert.deepEqual(await list(), before, "alice's sessions are as they were");
    const shown = await (await fetch(`${nekod.url}/v1/responses/${response.id}`, alice)).json();
    assert.deepEqual(shown, response, "alice's response is as it was");
    await nekod.ask(next, { session_id: id }, alice);
    if (kind === 'anuneko') {
      const { messages } = await sim.chatWith(named);
      assert.deepEqual(messages.map((message) => message.text), [named, next]);
    } else {
      const { messages } = (await sim.completionOf(next)).body;
      assert.deepEqual(messages.map((message) => message.content), [named, first.text, next]);
    }
    assert.deepEqual((await sim.quiet()).violations, []);
  });

for (const store of ['memory', 'sqlite:sessions.db'])
  test(`${store.split(':')[0]}: an id that two tenants name at the same time is two sessions`, async (t) => {
    const sim = await simulator(t);
    const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file, '--store', store, '--session-idle', '1']);
    const names = ['alice', 'mallory'];
    const ask = async (name, id, text) => {
      const answer = await nekod.ask(text, { session_id: id }, { headers: bearer(name) });
      assert.equal(answer.json.session_id, id);
    };
    for (let round = 0; round < 20; round += 1) {
      const id = unique('room');
      const told = names.map(() => [unique(), unique()]);
      await Promise.all(names.map((name, i) => ask(name, id, told[i][0])));
      await Promise.all(names.map((name, i) => ask(name, id, told[i][1])));
      for (const words of told)
        assert.deepEqual((await sim.chatWith(words[0])).messages.map(({ text }) => text), words);
      const call = (name, method) => fetch(`${nekod.url}/sessions/${id}`, { method, headers: bearer(name) });
      assert.equal((await call('mallory', 'DELETE')).status, 200);
      assert.equal((await call('mallory', 'GET')).status, 404);
      assert.equal((await (await call('alice', 'GET')).json()).id, id);
    }
    assert.deepEqual((await sim.quiet()).violations, []);
  });
