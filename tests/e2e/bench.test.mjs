// The load generator counts what happened, and notices errors. A measuring tool that does not is worse than none.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { accountToken, pair, Program, temporaryFolder, until } from './support.mjs';

const { sim, nekod } = await pair({ after });
const folder = temporaryFolder({ after });

/// Runs it to its end, and returns its exit code, its figures and its output.
async function bench(args, url = `${nekod.url}/v1`) {
  const file = join(folder, 'figures.json');
  const program = new Program('nekod-bench', [url, '--json', file, '--quiet', ...args]);
  try {
    const { code } = await program.ended();
    return { code, log: program.log, figures: JSON.parse(readFileSync(file, 'utf8')) };
  } finally {
    await program.stop();
  }
}

/// How many requests failed in that way.
const count = (figures, kind, detail) =>
  figures.faults.filter((f) => f.kind === kind && (!detail || f.detail === detail))[0]?.count ?? 0;

/// A server that answers every request with *answer*.
async function server(t, answer) {
  const made = createServer((request, response) => {
    request.resume().on('end', () => answer(response));
  });
  await new Promise((listening) => made.listen(0, '127.0.0.1', listening));
  t.after(() => made.closeAllConnections() ?? made.close());
  return `http://127.0.0.1:${made.address().port}/v1`;
}

const event = (delta, more = '') => `data: {"choices":[{"delta":${delta}${more}}]}\n\n`;

test('streams are counted to the piece, and the simulator saw each of them', async () => {
  await sim.reset();
  const args = ['--clients', '4', '--requests', '24', '--stream', '--tokens', '30', '--turns', '3'];
  const { code, figures, log } = await bench([...args, '--expect-pieces', '30']);
  assert.equal(code, 0, log);
  assert.equal(figures.answers, 24);
  assert.equal(figures.pieces, 24 * 30);
  assert.equal(figures.connections, 4);
  assert.equal(figures.errors, 0);
  assert.equal(figures.milliseconds.total.count, 24);
  assert.equal(figures.milliseconds.first_token.count, 24);
  assert.equal(figures.milliseconds.between_tokens.count, 24 * 29);
  assert.ok(figures.milliseconds.first_token.p50 <= figures.milliseconds.total.p99);
  const report = await sim.report();
  assert.equal(report.replies_completed, 24);
  assert.equal(report.violation_count, 0);
});

for (const by of ['history', 'session'])
  test(`whole answers continue conversations by ${by}`, async () => {
    const args = ['--requests', '12', '--turns', '4', '--continue', by, '--tokens', '200'];
    const remembers = ['--expect-text', 'This is message {turn} of our chat'];
    const { code, figures, log } = await bench([...args, ...remembers]);
    assert.equal(code, 0, log);
    assert.equal(figures.answers, 12);
    const wanted = by === 'session' ? { explicit: 12 } : { new: 3, transcript: 9 };
    assert.deepEqual(figures.session_matches, wanted);
  });

for (const by of ['history', 'previous'])
  for (const streams of [true, false])
    test(`responses ${streams ? 'as events' : 'whole'} continue conversations by ${by}`, async () => {
      const args = ['--api', 'responses', '--requests', '12', '--turns', '4', '--continue', by, '--tokens', '200'];
      const pieces = streams ? ['--stream', '--expect-pieces', '200'] : [];
      const remembers = ['--expect-text', 'This is message {turn} of our chat'];
      const { code, figures, log } = await bench([...args, ...pieces, ...remembers]);
      assert.equal(code, 0, log);
      assert.equal(figures.answers, 12);
      assert.equal(figures.pieces, streams ? 12 * 200 : 0);
      assert.deepEqual(figures.session_matches, { new: 3, [by === 'history' ? 'transcript' : 'explicit']: 9 });
    });

test('an open loop keeps its rate, and counts times from when requests were meant to start', async () => {
  // Two clients can serve only half of 20 requests a second that take 200 ms each.
  const args = ['--rate', '20', '--clients', '2', '--duration', '2', '--tokens', '1', '--first', '200'];
  const { code, figures } = await bench([...args, '--grace', '0.5']);
  assert.equal(code, 1);
  assert.ok(figures.milliseconds.total.p50 > 300, 'those that had to wait took longer');
  const late = count(figures, 'not_started');
  assert.ok(late > 0);
  assert.equal(late + figures.started, 40);
  const idle = await bench(['--rate', '20', '--duration', '1', '--tokens', '1']);
  assert.equal(idle.figures.started, 20);
  assert.equal(idle.code, 0, idle.log);
});

test('errors are told apart, and how many there may be decides on the exit code', async (t) => {
  t.after(() => sim.clearFaults());
  await sim.fault({ call: 'stream', kind: 'cut', after_events: 3, times: 2 });
  const args = ['--requests', '5', '--stream', '--tokens', '9'];
  const { code, figures } = await bench([...args, '--max-errors', '1']);
  assert.equal(code, 1);
  assert.equal(figures.errors, 2);
  assert.equal(count(figures, 'broken', 'error event: upstream_error'), 2);
  assert.equal(figures.answers, 3);

  await sim.fault({ call: 'stream', kind: 'error_event', after_events: 0, times: 1 });
  const whole = await bench(['--requests', '3', '--tokens', '9', '--max-errors', '1']);
  assert.equal(whole.code, 0, whole.log);
  assert.equal(count(whole.figures, 'status', '502 upstream_error'), 1);
});

test('a server that is not there is an error of its own', async () => {
  const { code, figures } = await bench(['--duration', '0.3'], 'http://127.0.0.1:1/v1');
  assert.equal(code, 1);
  assert.ok(count(figures, 'connect') > 0);
  assert.equal(figures.answers, 0);
});

test('a silent server is a timeout', async (t) => {
  const url = await server(t, () => {});
  const { code, figures } = await bench(['--requests', '1', '--timeout', '0.2'], url);
  assert.equal(code, 1);
  assert.equal(count(figures, 'timeout', 'no first byte'), 1);
});

test('other people\'s servers are understood, and are checked as well', async (t) => {
  const end = event('{}', ',"finish_reason":"stop"');
  const cases = [
    [event('{ "content": "a" }') + event('{"content":"b"}') + end + 'data: [DONE]\n\n', undefined],
    [event('{"content":"a"}') + end, 'a stream ended without [DONE]'],
    [event('{"content":"a"}') + 'data: [DONE]\n\n', 'a stream ended without a finish reason'],
    ['data: nonsense\n\n', 'an event is not a JSON object'],
  ];
  for (const [text, fault] of cases) {
    const url = await server(t, (response) => response.end(text));
    const { figures, code } = await bench(['--requests', '1', '--stream'], url);
    assert.equal(figures.faults[0]?.detail, fault);
    assert.equal(code, fault ? 1 : 0);
  }
  const cut = await server(t, (response) => response.write(cases[0][0], () => response.destroy()));
  const { figures } = await bench(['--requests', '1', '--stream'], cut);
  assert.equal(figures.faults[0].detail, 'closed within an answer');
});

test('a number of pieces or a text that is not the expected one is an error', async () => {
  const args = ['--requests', '1', '--stream', '--tokens', '5'];
  assert.equal((await bench([...args, '--expect-pieces', '6'])).code, 1);
  const { figures } = await bench([...args, '--expect-text', 'no such text']);
  assert.equal(count(figures, 'wrong'), 1);
});

test('the service behind nekod can be asked itself, part of it elsewhere', async () => {
  const url = `${sim.url}/api/v1`;
  const args = ['--protocol', 'anuneko', '--header', `x-token: ${accountToken}`, '--tokens', '7'];
  const load = ['--requests', '12', '--turns', '3', '--expect-pieces', '7', '--aside', url];
  for (const clients of [1, 2]) {
    await sim.reset();
    const { code, figures, log } = await bench([...args, ...load, '--clients', `${clients}`], url);
    assert.equal(code, 0, log);
    assert.equal(figures.answers, 12);
    assert.equal(figures.connections, 2 * clients);
    const { chats, choices, violation_count } = await sim.report();
    assert.deepEqual({ choices, violation_count }, { choices: 12, violation_count: 0 });
    // Two clients may share the twelve so that each is left with an unfinished conversation.
    if (clients === 1) assert.equal(chats, 4);
    else assert.ok(chats === 4 || chats === 5, `${chats} chats`);
  }
});

test('the processor time of another program is told', async () => {
  const { figures } = await bench(['--requests', '50', '--tokens', '9', '--watch', `${nekod.pid}`]);
  assert.ok(figures.watched_cpu_seconds > 0);
  assert.ok(figures.own_cpu_seconds > 0);
  assert.equal((await bench(['--requests', '1'])).figures.watched_cpu_seconds, null);
});

test('SIGINT ends it with the figures so far', async () => {
  const program = new Program('nekod-bench', [`${nekod.url}/v1`, '--duration', '600', '--tokens', '1']);
  try {
    const before = (await sim.report()).messages;
    await until(async () => (await sim.report()).messages >= before + 3, 'no message comes');
    program.kill('SIGINT');
    assert.equal((await program.ended()).code, 0, program.log);
    assert.match(program.log, /^answers +\d+/m);
  } finally {
    await program.stop();
  }
});

test('a wrong flag ends it with 2', async () => {
  const program = new Program('nekod-bench', ['--clients', 'many']);
  assert.equal((await program.ended()).code, 2);
  assert.match(program.log, /--clients/);
  await program.stop();
});
