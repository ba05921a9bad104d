// Requests that pass through to an OpenAI-compatible upstream, and their answers: what passes, what does not, and
// at whose pace.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import test from 'node:test';
import {
  answering, before, beforeSeveral, bodyOf, form, hashOf, hears, open, passedTo, post, send, upstreamKey, whole,
} from './passing.mjs';
import { addKey, Connection, gateway, leadingTo, pair, sanitized, temporaryFolder, until } from './support.mjs';
import { join } from 'node:path';

const MiB = 1 << 20;

test('work for a model passes with and without /v1, whatever slashes there are', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream);
  const body = '{ "model":"m", "input" : "a\\u00e9", "x": 1e400 }';
  const paths = {
    '/v1/embeddings': '/v1/embeddings',
    '/embeddings': '/v1/embeddings',
    '//v1//completions/': '/v1/completions',
    '/v1/rerank': '/v1/rerank',
    '/v1/moderations': '/v1/moderations',
    '/v1/images/generations': '/v1/images/generations',
    '/audio/speech': '/v1/audio/speech',
    '/v1/tokenize': '/tokenize',
    '/detokenize': '/detokenize',
    '/v1/responses/input_tokens': '/v1/responses/input_tokens',
  };
  for (const [path, at] of Object.entries(paths)) {
    const answer = await post(nekod, path, body);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    assert.equal(answer.text, '{"ok":true}');
    const heard = upstream.heard.at(-1);
    assert.equal(heard.line, `POST ${at}`);
    assert.equal(heard.body.toString(), body, 'byte for byte');
    assert.equal(heard.headers['content-length'], `${body.length}`);
  }
  for (const word of ['embeddings', 'completions', 'images', 'audio', 'tokenize'])
    assert.ok((await nekod.total('anuneko_requests_total', `endpoint="${word}"`)) > 0, word);
});

test('our key goes up, and nothing that is the client\'s own', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream);
  const secrets = {
    Authorization: 'Bearer client-secret', 'x-api-key': 'client-secret', 'api-key': 'client-secret',
    'X-Goog-Api-Key': 'client-secret', Cookie: 'session=client-secret', 'Proxy-Authorization': 'client-secret',
    'X-Auth-Token': 'client-secret', 'OpenAI-Organization': 'client-secret', 'X-Forwarded-For': 'client-secret',
    Forwarded: 'client-secret', Connection: 'X-Hop, keep-alive', 'X-Hop': 'client-secret', TE: 'trailers',
    Origin: nekod.url, Via: '1.1 client-secret',
  };
  const harmless = { Accept: 'audio/wav', 'Accept-Language': 'fr', 'X-Custom': 'kept', 'Idempotency-Key': 'i-1' };
  const answer = await post(nekod, '/v1/embeddings?b=2', { model: 'm' }, { ...secrets, ...harmless });
  assert.equal(answer.status, 200, answer.text);
  const { headers, line } = upstream.heard[0];
  assert.equal(line, 'POST /v1/embeddings?b=2');
  assert.equal(headers.authorization, `Bearer ${upstreamKey}`);
  assert.ok(!JSON.stringify(headers).includes('client-secret'), JSON.stringify(headers));
  assert.equal(headers.te, undefined);
  assert.equal(headers.host, new URL(upstream.url).host);
  for (const [name, value] of Object.entries(harmless)) assert.equal(headers[name.toLowerCase()], value, name);
  assert.equal(headers['content-type'], 'application/json');
});

test('the query of the upstream\'s address joins the client\'s', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, { url: `${upstream.url}?api-version=1` });
  await post(nekod, '/v1/embeddings?a=b%20c', { model: 'm' });
  await post(nekod, '/v1/tokenize', { model: 'm' });
  assert.equal(upstream.heard[0].line, 'POST /v1/embeddings?a=b%20c&api-version=1');
  assert.equal(upstream.heard[1].line, 'POST /tokenize?api-version=1');
});

test('an answer\'s fields pass but for those of its connection, its server and for browsers', async (t) => {
  const dropped = {
    'Set-Cookie': 'a=b', Server: 'upstream', 'X-Powered-By': 'upstream', 'Access-Control-Allow-Origin': 'http://x',
    'Strict-Transport-Security': 'max-age=1', 'X-Request-Id': 'theirs', 'OpenAI-Organization': 'ours',
    'Keep-Alive': 'timeout=77', 'Alt-Svc': 'h3=":443"', 'Access-Control-Allow-Credentials': 'true',
  };
  const kept = { 'Content-Type': 'audio/mpeg', 'X-RateLimit-Limit-Requests': '7', 'Cache-Control': 'no-store', ETag: '"e"' };
  const upstream = await passedTo(t, answering('bytes', { headers: { ...dropped, ...kept } }));
  const nekod = await before(t, upstream);
  const answer = await post(nekod, '/v1/audio/speech', { model: 'm' });
  for (const [name, value] of Object.entries(kept)) assert.equal(answer.headers[name.toLowerCase()], value, name);
  for (const [name, value] of Object.entries(dropped)) assert.notEqual(answer.headers[name.toLowerCase()], value, name);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.match(answer.headers['x-request-id'], /^req_/);
  assert.equal(answer.headers['x-upstream'], 'openai');
});

test('answers pass as they are: errors, bytes, of a known length or not, coded or not', async (t) => {
  const png = randomBytes(300_000);
  const cases = [
    { status: 404, body: Buffer.from('{"error":{"message":"no such model","code":"x"}}'), headers: { 'Content-Type': 'application/json' } },
    { status: 500, body: Buffer.from('broken'), headers: { 'Content-Type': 'text/plain' } },
    { status: 422, body: Buffer.from('{"detail":[]}'), headers: {} },
    { status: 429, body: Buffer.from('{"error":{"message":"slow"}}'), headers: { 'Retry-After': '7' } },
    { status: 200, body: png, headers: { 'Content-Type': 'image/png', 'Content-Length': png.length } },
    { status: 201, body: png, headers: { 'Content-Type': 'image/png' } },
    { status: 200, body: Buffer.from('not really gzip'), headers: { 'Content-Encoding': 'gzip', 'Content-Length': 15 } },
    { status: 200, body: Buffer.alloc(0), headers: { 'Content-Length': 0 } },
    { status: 204, body: Buffer.alloc(0), headers: {} },
  ];
  let next;
  const upstream = await passedTo(t, (request, response) =>
    bodyOf(request).then(() => {
      response.writeHead(next.status, next.headers);
      if (next.body.length) response.write(next.body);
      response.end();
    }),
  );
  const nekod = await before(t, upstream, ['--circuit-failures', '0']);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (next of cases) {
    const answer = await send(nekod, 'POST', '/v1/images/edits', { body: '{}', agent });
    assert.equal(answer.status, next.status);
    assert.equal(hashOf(answer.body), hashOf(next.body));
    assert.equal(answer.cut, false);
    for (const [name, value] of Object.entries(next.headers))
      assert.equal(answer.headers[name.toLowerCase()], `${value}`, name);
    const chunked = answer.headers['transfer-encoding'] === 'chunked';
    assert.equal(chunked, next.status !== 204 && next.headers['Content-Length'] === undefined);
  }
  assert.equal(agent.totalSocketCount, 1, 'all over one connection');
});

for (const status of [401, 402, 403])
  test(`a ${status} of the upstream is our matter, and tells no key`, async (t) => {
    const words = JSON.stringify({ error: { message: `bad key ${upstreamKey}`, code: 'x' } });
    const upstream = await passedTo(t, answering(words, { status }));
    const nekod = await before(t, upstream);
    const answer = await post(nekod, '/v1/embeddings', { model: 'm' });
    assert.equal(answer.status, 502, answer.text);
    assert.equal(answer.json().error.code, 'upstream_auth_failed');
    assert.ok(!answer.text.includes(upstreamKey));
    const states = await nekod.figures();
    assert.equal(states['nekod_upstream_accounts{state="refused",upstream="openai"}'], 1);
  });

test('another account is asked in place of one that is refused or limited', async (t) => {
  const upstream = await passedTo(t, async (request, response, noted) => {
    noted.body = await bodyOf(request);
    const good = request.headers.authorization === 'Bearer third';
    const status = { first: 401, second: 429, third: 200 }[request.headers.authorization.slice(7)];
    response.writeHead(status, {}).end(good ? 'good' : '{"error":{"message":"no"}}');
  });
  const nekod = await gateway(t, [
    ...['--upstream', 'openai', '--openai-url', upstream.url, '--openai-key', 'first,second,third'],
    ...['--store', 'memory', '--port', '0'],
  ]);
  const answers = [];
  for (let i = 0; i < 3; ++i) answers.push(await post(nekod, '/v1/embeddings', { model: 'm' }));
  assert.deepEqual(answers.map((a) => a.text), ['good', 'good', 'good']);
});

// -- bodies that stream ----------------------------------------------------------------------------

for (const chunked of [false, true]) {
  const how = chunked ? 'in chunks' : 'of a known length';

  test(`an upload ${how} passes at the upstream's pace, in little memory`, { skip: sanitized }, async (t) => {
    const size = 96 * MiB;
    let go;
    const gate = new Promise((opened) => (go = opened));
    const upstream = await passedTo(t, async (request, response, noted) => {
      await gate;
      noted.body = await bodyOf(request);
      response.end('done');
    });
    const nekod = await before(t, upstream);
    const bytes = Buffer.concat([Buffer.from('{"model":"m","pad":"'), Buffer.alloc(size, 'x'), Buffer.from('"}')]);
    const headers = chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': bytes.length };
    const { request, answered } = open(nekod, 'POST', '/v1/audio/transcriptions', { headers });
    const before_ = nekod.memory();
    let written = 0;
    let stalled = false;
    const write = async () => {
      for (let at = 0; at < bytes.length; at += MiB) {
        if (!request.write(bytes.subarray(at, at + MiB))) {
          stalled = true;
          await new Promise((drained) => request.once('drain', drained));
        }
        stalled = false;
        written = at;
      }
      request.end();
    };
    const writing = write();
    const heard = await hears(upstream);
    await nekod.resting(20, 'nekod goes on reading what the upstream does not take');
    assert.ok(stalled && written < size / 2, 'the client is made to wait');
    assert.ok(nekod.memory() < before_ + 24, `${nekod.memory()} MiB after ${before_}`);
    go();
    await writing;
    const answer = await whole(await answered);
    assert.equal(answer.text, 'done');
    assert.equal(hashOf(heard.body), hashOf(bytes));
    assert.equal(heard.headers['transfer-encoding'], chunked ? 'chunked' : undefined);
    assert.equal(heard.headers['content-length'], chunked ? undefined : `${bytes.length}`);
    assert.ok(nekod.memory() < before_ + 24, `${nekod.memory()} MiB after ${before_}`);
  });

  test(`a connection goes on behind an upload ${how}`, async (t) => {
    const upstream = await passedTo(t, answering());
    const nekod = await before(t, upstream);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (const size of [10, 70_000, 3 * MiB, 0, 200_000]) {
      const body = randomBytes(size);
      const headers = chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': size };
      const answer = await send(nekod, 'POST', '/v1/audio/translations', { body, headers, agent });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.connection, 'keep-alive');
      assert.equal(hashOf(upstream.heard.at(-1).body), hashOf(body));
    }
    assert.equal(agent.totalSocketCount, 1);
  });
}

test('a client that asks first is told to go on', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream);
  const body = randomBytes(MiB);
  const headers = { Expect: '100-continue', 'Content-Length': body.length };
  const { request, answered } = open(nekod, 'POST', '/v1/audio/translations', { headers });
  request.flushHeaders();
  await new Promise((told) => request.once('continue', told));
  request.end(body);
  assert.equal((await whole(await answered)).status, 200);
  assert.equal(hashOf(upstream.heard[0].body), hashOf(body));
  assert.equal(upstream.heard[0].headers.expect, undefined);
});

test('a stream\'s pieces come as the upstream sends them', async (t) => {
  let next;
  const upstream = await passedTo(t, (request, response) => {
    request.resume();
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    next = (text) => (text ? response.write(text) : response.end());
  });
  const nekod = await before(t, upstream);
  const { request, answered } = open(nekod, 'POST', '/v1/completions', { headers: { 'Content-Type': 'application/json' } });
  request.end(JSON.stringify({ model: 'm', prompt: 'x', stream: true }));
  const response = await answered;
  assert.equal(response.headers['content-type'], 'text/event-stream');
  let text = '';
  response.setEncoding('utf8').on('data', (piece) => (text += piece));
  for (const piece of ['data: {"a":1}\n\n', ': ping\r\n\r\n', 'data: [DONE]\n\n']) {
    next(piece);
    await until(() => text.endsWith(piece), piece);
  }
  const ended = new Promise((done) => response.once('end', done));
  next();
  await ended;
});

test('a client that reads slowly slows the upstream, in little memory', { skip: sanitized }, async (t) => {
  const size = 96 * MiB;
  let sent = 0;
  const upstream = await passedTo(t, async (request, response) => {
    await bodyOf(request);
    response.writeHead(200, { 'Content-Length': size });
    for (; sent < size; sent += MiB)
      if (!response.write(Buffer.alloc(MiB, 'y'))) await new Promise((drained) => response.once('drain', drained));
    response.end();
  });
  const nekod = await before(t, upstream);
  const before_ = nekod.memory();
  const { request, answered } = open(nekod, 'POST', '/v1/audio/speech');
  request.end('{"model":"m"}');
  const response = await answered;
  await nekod.resting(20, 'nekod goes on reading what the client does not take');
  assert.ok(sent < size / 2, 'the upstream is made to wait');
  assert.ok(nekod.memory() < before_ + 24, `${nekod.memory()} MiB after ${before_}`);
  const answer = await whole(response);
  assert.equal(answer.body.length, size);
  assert.equal(answer.cut, false);
});

// -- ends ------------------------------------------------------------------------------------------

test('a client that leaves cancels its transfer, in each phase', async (t) => {
  let phase;
  const upstream = await passedTo(t, (request, response) => {
    if (phase !== 'stalled') request.resume();
    if (phase === 'answering') response.writeHead(200, {}).write('some');
  });
  const nekod = await before(t, upstream);
  for (phase of ['uploading', 'stalled', 'waiting', 'answering']) {
    const upload = phase === 'uploading' || phase === 'stalled';
    const headers = upload ? { 'Content-Length': 64 * MiB } : {};
    const count = upstream.heard.length + 1;
    const { request, answered } = open(nekod, 'POST', '/v1/images/edits', { headers });
    if (upload) request.write(Buffer.alloc(3 * MiB, ' '));
    else request.end('{}');
    const heard = await hears(upstream, count);
    if (phase === 'stalled') await nekod.resting(10, 'the upload does not stall');
    if (phase === 'answering') await answered;
    request.socket.resetAndDestroy();
    await until(() => nekod.log.match(/images.edits (0|200) .*client_left/g)?.length === count, `${phase}: nobody left`);
    heard.readOn(); // Node does not look for an end before.
    await until(() => heard.aborted, `${phase}: the upstream's transfer goes on`);
  }
  await until(async () => (await nekod.figure('nekod_open_requests')) <= 1, 'requests stay open');
  const calls = await nekod.total('nekod_upstream_calls_total', 'outcome="cancelled"');
  assert.equal(calls, 4);
});

for (const known of [false, true])
  test(`an answer that breaks off ${known ? 'short of its length' : 'in chunks'} breaks off for the client`, async (t) => {
    const upstream = await passedTo(t, async (request, response) => {
      await bodyOf(request);
      response.writeHead(200, known ? { 'Content-Length': 1000 } : {});
      response.write('some', () => response.socket.destroy());
    });
    const nekod = await before(t, upstream);
    const answer = await post(nekod, '/v1/completions', { model: 'm' });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'some');
    assert.ok(answer.cut, 'an answer that is not whole has no proper end');
    await nekod.logged(/completions 200 .*error=upstream_error/);
  });

test('an upstream that says nothing, or is not there, is an error of ours', async (t) => {
  const upstream = await passedTo(t, (request) => request.resume());
  const silent = await before(t, upstream, ['--first-byte-timeout', '0.2']);
  const late = await post(silent, '/v1/embeddings', { model: 'm' });
  assert.equal(late.status, 504, late.text);
  assert.equal(late.json().error.code, 'upstream_timeout');
  const gone = await before(t, { url: 'http://127.0.0.1:9/v1' });
  const failed = await post(gone, '/v1/embeddings', '{}');
  assert.equal(failed.status, 502, failed.text);
  assert.equal(failed.json().error.code, 'upstream_error');
});

test('a client that stops in the midst of its body is told so', async (t) => {
  const upstream = await passedTo(t, (request) => request.resume());
  const nekod = await before(t, upstream, ['--read-timeout', '1']);
  const { request, answered } = open(nekod, 'POST', '/v1/images/edits', { headers: { 'Content-Length': MiB } });
  request.write(' '.repeat(100_000));
  const answer = await whole(await answered);
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.json().error.code, 'malformed_request');
});

test('an upload over the limit is refused: at once where it says so, else when it is there', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream, ['--max-upload', '300000', '--max-content-length', '1000']);
  const fits = await post(nekod, '/v1/images/edits', ' '.repeat(300_000));
  assert.equal(fits.status, 200, fits.text);
  const small = await post(nekod, '/v1/images/edits', ' '.repeat(2_000));
  assert.equal(small.status, 200, 'the limit of other bodies is not theirs');
  const count = upstream.heard.length;
  const { request, answered } = open(nekod, 'POST', '/v1/images/edits', { headers: { 'Content-Length': 300_001 } });
  request.flushHeaders();
  const refused = await whole(await answered);
  assert.equal(refused.status, 413, refused.text);
  assert.equal(refused.json().error.code, 'content_too_large');
  assert.equal(upstream.heard.length, count, 'the upstream hears nothing of it');
  request.destroy();
  const chunked = open(nekod, 'POST', '/v1/images/edits', { headers: { 'Transfer-Encoding': 'chunked' } });
  chunked.request.on('error', () => {});
  for (let i = 0; i < 6; ++i) chunked.request.write(' '.repeat(60_000));
  const late = await whole(await chunked.answered);
  assert.equal(late.status, 413, late.text);
  assert.equal(await nekod.total('nekod_upstream_calls_total', 'outcome="failed"'), 0, 'no failure of the upstream');
});

// -- where it goes ---------------------------------------------------------------------------------

test('of several upstreams the one that has the model takes it', async (t) => {
  const first = await passedTo(t, answering('first'), ['a', 'both']);
  const second = await passedTo(t, answering('second'), ['b', 'both', 'org/c']);
  const nekod = await beforeSeveral(t, { one: first, two: second }, ['--model-alias', 'nice=b']);
  const where = async (body, headers) => (await post(nekod, '/v1/embeddings', body, headers)).text;
  assert.equal(await where({ model: 'a' }), 'first');
  assert.equal(await where({ input: ['x', { model: 'a' }], model: 'b' }), 'second');
  assert.equal(await where({ model: 'both' }), 'first');
  assert.equal(await where({ model: 'org/c' }), 'second');
  assert.equal(await where({ model: 'unheard-of' }), 'first');
  assert.equal(await where({}), 'first');
  assert.equal(await where('[1]'), 'first');
  assert.equal(await where(' {"pad":"' + 'x'.repeat(900_000) + '","model":"b"}'), 'second');
  assert.equal(await where(' {"pad":"' + 'x'.repeat(1.5 * MiB) + '","model":"b"}'), 'first');
  const tail = form([['file', randomBytes(500_000), 'a.wav'], ['model', 'b']]);
  assert.equal(await where(tail.body, tail.headers), 'second');
  assert.equal(hashOf(second.heard.at(-1).body), hashOf(tail.body));
  const far = form([['file', randomBytes(1.2 * MiB), 'a.wav'], ['model', 'b']]);
  assert.equal(await where(far.body, far.headers), 'first');
  assert.equal(hashOf(first.heard.at(-1).body), hashOf(far.body));
});

test('a prefix or an alias is what the upstream calls the model, and nothing else changes', async (t) => {
  const first = await passedTo(t, answering('first'), ['a']);
  const second = await passedTo(t, answering('second'), ['a-much-longer-name']);
  const nekod = await beforeSeveral(t, { one: first, two: second }, ['--model-alias', 'nice=a-much-longer-name']);
  const heard = async (body, headers) => {
    const answer = await post(nekod, '/v1/images/edits', body, headers);
    assert.equal(answer.text, 'second');
    const entry = second.heard.at(-1);
    if (entry.headers['content-length']) assert.equal(entry.headers['content-length'], `${entry.body.length}`);
    return entry.body.toString('latin1');
  };
  assert.equal(await heard('{"x": 1e999 ,"model" : "two/x\\u0079" }'), '{"x": 1e999 ,"model" : "xy" }');
  assert.equal(await heard('{"model":"nice","pad":"é"}'), Buffer.from('{"model":"a-much-longer-name","pad":"é"}').toString('latin1'));
  const pad = 'x'.repeat(3 * MiB);
  assert.equal(await heard(`{"model":"nice","pad":"${pad}"}`), `{"model":"a-much-longer-name","pad":"${pad}"}`);
  const chunks = await send(nekod, 'POST', '/v1/images/edits', {
    body: `{"model":"two/q","pad":"${pad}"}`, headers: { 'Transfer-Encoding': 'chunked' },
  });
  assert.equal(chunks.text, 'second');
  assert.equal(second.heard.at(-1).body.toString(), `{"model":"q","pad":"${pad}"}`);
  const named = form([['model', 'nice'], ['image', pad, 'i.png']]);
  const renamed = form([['model', 'a-much-longer-name'], ['image', pad, 'i.png']]);
  assert.equal(hashOf(Buffer.from(await heard(named.body, named.headers), 'latin1')), hashOf(renamed.body));
});

test('a lone upstream takes all models; its prefix and aliases are rewritten there, too', async (t) => {
  const upstream = await passedTo(t, answering(), ['a']);
  const nekod = await before(t, upstream, ['--model-alias', 'nice=a']);
  for (const [said, heard] of Object.entries({ nice: 'a', 'openai/q': 'q', a: 'a', z: 'z', 'x/y': 'x/y' })) {
    await post(nekod, '/v1/embeddings', { model: said });
    assert.equal(JSON.parse(upstream.heard.at(-1).body).model, heard);
  }
});

test('an upstream of another kind takes nothing that passes', async (t) => {
  const { sim, nekod } = await pair(t);
  for (const path of ['/v1/embeddings', '/v1/completions', '/v1/files', '/tokenize', '/v1/audio/speech'])
    assert.equal((await post(nekod, path, '{}')).status, 404, path);
  const passing = await passedTo(t, answering('passed'));
  const mixed = await gateway(t, ['--config', 'nekod.toml', '--port', '0'], {
    home: {
      'nekod.toml': `[upstreams.cat]\nkind = "anuneko"\nurl = "${sim.url}/api/v1"\ntoken = "secret-token"\n
        [upstreams.other]\nkind = "openai"\nurl = "${passing.url}"\n`,
    },
  });
  for (const body of [{ model: 'Orange Cat' }, { model: 'm' }, {}])
    assert.equal((await post(mixed, '/v1/embeddings', body)).text, 'passed');
});

// -- who may ---------------------------------------------------------------------------------------

test('what names objects passes for admins, and where --pass-paths says so', async (t) => {
  const upstream = await passedTo(t, answering('passed'));
  const file = join(temporaryFolder(t), 'keys');
  const [admin, plain] = [addKey(file, 'root', '--admin'), addKey(file, 'bob')];
  const nekod = await before(t, upstream, ['--api-keys', file, '--pass-paths', '/v1/batches, vector_stores']);
  const status = async (key, method, path) =>
    (await send(nekod, method, path, { headers: { Authorization: `Bearer ${key}` } })).status;
  for (const [method, path] of [['GET', '/v1/files'], ['DELETE', '/v1/files/f-1'], ['POST', '/v1/fine_tuning/jobs'], ['GET', '/v1/audio/voices']]) {
    assert.equal(await status(admin, method, path), 200, path);
    assert.equal(upstream.heard.at(-1).line, `${method} ${path}`);
    assert.equal(upstream.heard.at(-1).headers.authorization, `Bearer ${upstreamKey}`);
    const count = upstream.heard.length;
    assert.equal(await status(plain, method, path), 404, path);
    assert.equal(await status('wrong', method, path), 401, path);
    assert.equal(upstream.heard.length, count, 'the upstream hears nothing of it');
  }
  assert.equal(await status(plain, 'GET', '/v1/batches/b-1/x'), 200);
  assert.equal(await status(plain, 'PUT', '/v1/vector_stores'), 200);
  assert.equal(await status(plain, 'GET', '/v1/batches2'), 404);
  assert.equal(await status(plain, 'POST', '/v1/embeddings'), 200);
  assert.equal(await status('wrong', 'POST', '/v1/embeddings'), 401);
  assert.equal(await status(admin, 'GET', '/files'), 404, 'only below /v1');
});

test('without keys the same passes on this machine, but not by way of a proxy', async (t) => {
  const upstream = await passedTo(t, answering('passed'));
  const nekod = await before(t, upstream);
  assert.equal((await send(nekod, 'GET', '/v1/files')).text, 'passed');
  for (const field of ['X-Forwarded-For', 'Forwarded', 'Via'])
    assert.equal((await send(nekod, 'GET', '/v1/files', { headers: { [field]: '10.0.0.1' } })).status, 404, field);
});

test('HEAD passes with its fields, and no body', async (t) => {
  const upstream = await passedTo(t, (request, response) => response.writeHead(200, { 'Content-Length': 77, ETag: 'x' }).end());
  const nekod = await before(t, upstream);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let i = 0; i < 2; ++i) {
    const answer = await send(nekod, 'HEAD', '/v1/files/f/content', { agent });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.headers.etag], [200, '77', 'x']);
  }
  assert.equal(agent.totalSocketCount, 1);
});

test('some paths never pass, however they are written', async (t) => {
  const upstream = await passedTo(t, answering('passed'));
  const nekod = await before(t, upstream, ['--pass-paths', '*']);
  const never = [
    '/v1/organization', '/v1/organization/users', '/v1/%6frganization/users', '/v1/Organization', '/v1/%256frganization',
    '/v1/responses/r-1', '/v1/conversations/c/other', '/v1/responses/%69nput_tokens',
    '/v1/files/../organization', '/v1/files/%2e%2e/organization', '/v1/files/.%2E/x', '/v1/files/%252e%252e/x',
    '/v1/files/..%2forganization', '/v1/files/..%5corganization', '/v1/files/..;/organization', '/v1/./files',
    '/v1/audio/../files', '/v1/audio/%2e%2e/files', '/v1/files/%zz', '/v1/files/%0d%0aX', '/v2/files', '/files',
    '/v1/chat/completions/c-1', '/v1/health/x', '/v1/metrics/x',
  ];
  for (const path of never) {
    const connection = await new Connection(nekod.port).reading().send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`);
    const [, status] = await connection.seen(/^HTTP\/1.1 (\d+)/);
    // A response's own path takes other methods.
    assert.equal(status, path.startsWith('/v1/responses/') ? '405' : '404', path);
    connection.end();
  }
  assert.deepEqual(upstream.heard, []);
  assert.equal((await send(nekod, 'GET', '/v1/models')).json().data[0].id, 'm', 'ours stay ours');
});

test('upgrades never pass; an offer of HTTP/2 is passed over', async (t) => {
  const upstream = await passedTo(t, answering('passed'));
  const nekod = await before(t, upstream);
  for (const path of ['/v1/realtime?model=m', '/v1/embeddings']) {
    const connection = await new Connection(nekod.port).reading().send(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
    );
    await connection.seen(/^HTTP\/1.1 426 [^]*upgrade_not_supported/);
    connection.end();
  }
  assert.deepEqual(upstream.heard, []);
  const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
  const connection = await new Connection(nekod.port).reading().send(
    `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n${Object.entries(h2c).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n{}`,
  );
  await connection.seen(/^HTTP\/1.1 200 [^]*passed/);
  connection.end();
  for (const name of ['upgrade', 'http2-settings']) assert.equal(upstream.heard[0].headers[name], undefined);
});

test('limits apply: rates of completions as of chats, and requests at a time', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream, ['--chat-rate-limit', '2 per day', '--rate-limit', '5 per day']);
  const statuses = [];
  for (const path of ['completions', 'completions', 'completions', 'embeddings', 'embeddings', 'embeddings', 'embeddings'])
    statuses.push((await post(nekod, `/v1/${path}`, '{}')).status);
  assert.deepEqual(statuses, [200, 200, 429, 200, 200, 200, 429]);
});

test('bodies that are held count in the budget', async (t) => {
  const upstream = await passedTo(t, answering());
  const nekod = await before(t, upstream, ['--max-buffered', '300000']);
  const answer = await post(nekod, '/v1/embeddings', `{"pad":"${'x'.repeat(900_000)}","model":"m"}`);
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.json().error.code, 'overloaded');
  assert.equal((await post(nekod, '/v1/embeddings', `{"model":"m","pad":"${'x'.repeat(900_000)}"}`)).status, 200);
  await until(async () => (await nekod.figure('nekod_buffered_bytes')) === 0, 'what was held is given back');
});
