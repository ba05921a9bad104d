// The network between clients and nekod fails in every way: requests that arrive late or in pieces are answered as
// usual, a lost client is dropped within its limit, and the session continues.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { checkStream, expectError, gateway, simulator, unique, until } from '../e2e/support.mjs';
import { checkQuiet, goesOn, upstreams } from './books.mjs';
import { openGate } from './gate.mjs';

const harmless = {
  'bytes that travel alone': { what: 'slice' },
  'pieces that come late': { what: 'late', ms: 2 },
};

for (const [kind, upstream] of Object.entries(upstreams)) {
  const sim = await simulator({ after });
  const limits = ['--read-timeout', '1', '--write-timeout', '1'];
  const nekod = await gateway({ after }, [...upstream.leading(sim), ...limits]);
  const patient = await gateway({ after }, upstream.leading(sim));
  const [gate, patientGate] = [await openGate({ after }, nekod.port), await openGate({ after }, patient.port)];
  const through = Object.create(nekod, { url: { value: gate.url } });
  const slowly = Object.create(patient, { url: { value: patientGate.url } });

  const body = (id, text, fields = {}) => ({ session_id: id, messages: [{ role: 'user', content: text }], ...fields });
  const lost = (...args) => through.post(body(...args)).then((response) => response.text());
  const heard = async (text) =>
    JSON.stringify([await sim.chats(), await sim.completions()]).includes(text);

  for (const [name, plan] of Object.entries(harmless))
    test(`${kind}: ${name} change nothing`, async () => {
      const [id, first] = [unique('session'), unique('first')];
      patientGate.plan = plan;
      const stream = await slowly.stream(first, { session_id: id });
      assert.ok(checkStream(await stream.rest()).text.includes(first));
      const said = await goesOn(slowly, id);
      assert.ok(patientGate.struck > 0, 'it happened');
      patientGate.heal();
      await upstream.check(sim, [first, ...said], 'nothing');
      await checkQuiet(sim);
    });

  // The text is near the end of the request: the rest is missing.
  for (const what of ['stall', 'cut', 'reset'])
    test(`${kind}: a request whose end does not arrive (${what}) is no turn`, async () => {
      const [id, first, half] = [unique('session'), unique('first'), unique('half')];
      await nekod.ask(first, { session_id: id });
      gate.plan = { seen: half, towards: 'server', what };
      await assert.rejects(lost(id, `${half}${'x'.repeat(300_000)}`), /fetch failed|terminated/);
      assert.ok(gate.struck > 0, 'it happened');
      gate.heal();
      assert.ok(!(await heard(half)), 'nothing of it reached the upstream');
      await upstream.check(sim, [first, ...(await goesOn(nekod, id))], half);
      await checkQuiet(sim);
    });

  test(`${kind}: a request with other bytes is no turn`, async () => {
    const [id, first, odd] = [unique('session'), unique('first'), unique('odd')];
    await nekod.ask(first, { session_id: id });
    gate.plan = { towards: 'server', what: 'corrupt', after: 1000 };
    const response = await through.post(body(id, odd + 'x'.repeat(2000)));
    await expectError(response, 400, 'invalid_encoding', 'invalid_request_error');
    gate.heal();
    gate.plan = { towards: 'server', what: 'corrupt' };
    await expectError(await through.post(body(id, odd)), 400, 'malformed_request', 'invalid_request_error');
    gate.heal();
    assert.ok(!(await heard(odd)), 'nothing of it reached the upstream');
    await upstream.check(sim, [first, ...(await goesOn(nekod, id))], odd);
    await checkQuiet(sim);
  });

  // A client that can no longer be reached is dropped, and so is the upstream's reply.
  for (const what of ['stall', 'cut', 'reset'])
    test(`${kind}: an answer that does not arrive (${what}) ends upstream too`, async () => {
      const [id, first, long] = [unique('session'), unique('first'), unique('long')];
      await nekod.ask(first, { session_id: id });
      gate.plan = { seen: long, towards: 'client', what, after: 2000 };
      const broken = assert.rejects(lost(id, `[sim tokens=500000] ${long}`, { stream: true }), /fetch failed|terminated/);
      await until(() => gate.struck > 0, 'it does not happen');
      await checkQuiet(sim);
      gate.heal();
      await broken;
      await upstream.check(sim, [first, ...(await goesOn(nekod, id))], long);
      await checkQuiet(sim);
    });
}
