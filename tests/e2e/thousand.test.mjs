// A thousand streams at once: none lost, none mixed up, and the memory is released.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after } from 'node:test';
import { checkStream, pair, patience, sanitized, unique, until } from './support.mjs';

const count = 1000;
/// The delay of each reply's first event, in milliseconds, so that all replies run at once.
const first = sanitized ? 8000 : 2500;
// A shell's limit on a fresh machine: programs have to raise it themselves.
const { sim, nekod } = await pair({ after }, {
  nekod: ['--session-idle', '1'],
  options: { files: '1024:' },
});
const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });

function stream(text, fields) {
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: text }], ...fields });
  return new Promise((resolve, reject) => {
    const options = { port: nekod.port, host: '127.0.0.1', method: 'POST', agent };
    const request = http.request({ ...options, path: '/v1/chat/completions' }, (response) => {
      let raw = '';
      response.setEncoding('utf8').on('data', (piece) => (raw += piece));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode, raw }));
    });
    request.setTimeout(patience, () => request.destroy(new Error('no end of the answer')));
    request.on('error', reject).end(body);
  });
}

async function round() {
  const texts = Array.from({ length: count }, () => unique());
  const answers = await Promise.all(texts.map((text) => stream(`[sim first=${first} tokens=40 delay=25] ${text}`)));
  const sessions = new Set();
  answers.forEach(({ status, raw }, i) => {
    assert.equal(status, 200, raw);
    const answer = checkStream(raw);
    assert.ok(answer.text.includes(texts[i]), 'each gets its own answer');
    sessions.add(answer.first.session_id);
  });
  assert.equal(sessions.size, count);
  return [...sessions];
}

test('a thousand streams at once all end well', async () => {
  await round();
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
  assert.equal(report.violation_count, 0);
  assert.equal(report.replies_completed, count);
  assert.equal(report.replies_aborted, 0);
  assert.ok(report.max_active_replies >= count * 0.9, `${report.max_active_replies} at once`);
});

test('a thousand turns at once on a few sessions never overlap upstream', async () => {
  const id = unique('shared');
  const answers = await Promise.all(
    Array.from({ length: count }, (_, i) => stream(unique(), { session_id: `${id}-${i % 100}` })),
  );
  for (const { status, raw } of answers) {
    assert.equal(status, 200, raw);
    checkStream(raw);
  }
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});

test('memory comes back', { skip: sanitized }, async () => {
  const clear = async (ids) => {
    for (const id of ids) await fetch(`${nekod.url}/sessions/${id}`, { method: 'DELETE' });
  };
  await clear(await round());
  const before = nekod.memory();
  for (let i = 0; i < 4; ++i) await clear(await round());
  await until(() => nekod.memory() < before + 8, `nekod does not get back to ${before} MiB`);
});
