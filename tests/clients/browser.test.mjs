// A page from one origin streams an answer from another: Chromium, without a window.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pair, patience, unique, until } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const browser = names.find((name) => !spawnSync(name, ['--version']).error);
const skip = browser ? false : 'no Chromium here (apt-get install chromium)';

test('a page of another origin streams an answer', { skip }, async (t) => {
  const { nekod, sim } = await pair(t, { leading: kind.leading });
  let report;
  const page = readFileSync(new URL('browser/page.html', import.meta.url));
  const server = http.createServer(async (request, response) => {
    if (request.url !== '/report') {
      response.setHeader('Content-Type', 'text/html').end(page);
      return;
    }
    let body = '';
    for await (const piece of request) body += piece;
    response.end();
    report = JSON.parse(body);
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  t.after(() => server.close());

  const profile = mkdtempSync(join(tmpdir(), 'nekod-browser-'));
  const text = unique('你好');
  const query = new URLSearchParams({
    base: `${nekod.url}/v1`,
    model: kind.models[0],
    question: `[sim tokens=60 delay=20] ${text}`,
  });
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', browser, '--headless', '--no-sandbox', '--disable-gpu'],
      ...['--disable-dev-shm-usage', '--no-first-run', `--user-data-dir=${profile}`],
      `http://127.0.0.1:${server.address().port}/?${query}`,
    ],
    { stdio: 'ignore', detached: true },
  );
  const ended = new Promise((done) => child.once('close', done));
  t.after(async () => {
    // Its helpers are in its process group.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });

  await until(() => report, 'the page does not report', patience);
  assert.equal(report.error, undefined);
  assert.equal(report.status, 200);
  assert.ok(report.session, 'the page may read X-Session-Id');
  assert.ok(report.text.includes(text));
  assert.ok(report.done);
  assert.ok(report.pieces > 3, `the answer came in ${report.pieces} pieces`);
  assert.equal((await sim.quiet()).violation_count, 0);
});
