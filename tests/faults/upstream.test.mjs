// The network between nekod and its upstream fails in every way. Each fault has its answer within its limit, no
// failed answer looks complete, and the session continues.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { checkBrokenStream, checkStream, expectError, gateway, simulator, unique } from '../e2e/support.mjs';
import { checkQuiet, goesOn, once, upstreams } from './books.mjs';
import { openGate } from './gate.mjs';

const harmless = {
  'bytes that travel alone': { what: 'slice' },
  'pieces that come late': { what: 'late', ms: 2 },
};

// The number of bytes of the answer that pass before the fault: none, part of the header, the header and part of
// the text.
const places = { 'before the answer': 0, 'within its head': 20, 'in its middle': 1500 };

const harmful = {
  silence: ['stall', 'upstream_timeout', 504],
  'another byte for each': ['corrupt', 'upstream_error', 502],
  'a closed connection': ['cut', 'upstream_error', 502],
  'a reset connection': ['reset', 'upstream_error', 502],
};

/// Whether there is only one right answer: a corrupted header is refused, or waited for if it has no line end.
const isTold = (what, place) => what !== 'corrupt' || place !== 'within its head';

for (const [kind, upstream] of Object.entries(upstreams)) {
  const sim = await simulator({ after });
  const gate = await openGate({ after }, sim.port);
  const limits = ['--request-timeout', '1', '--connect-timeout', '2', '--answer-timeout', '5'];
  const nekod = await gateway({ after }, [...upstream.leading(gate), ...limits, ...once]);
  const patient = await gateway({ after }, upstream.leading(gate));

  /// A failing turn, whole or streamed: a status, or an error event after what came.
  const fails = async (id, text, stream, code, status) => {
    const messages = [{ role: 'user', content: `[sim tokens=500] ${text}` }];
    const response = await nekod.post({ session_id: id, stream, messages });
    if (!stream || response.status !== 200) return expectError(response, status, code, 'server_error');
    assert.equal(checkBrokenStream(await response.text()).code, code);
  };

  const strike = (name, plan, code, status) => {
    for (const stream of [false, true])
      test(`${kind}: ${name}, ${stream ? 'streamed' : 'whole'}: ${code}`, async () => {
        const [id, first, lost] = [unique('session'), unique('first'), unique('lost')];
        await nekod.ask(first, { session_id: id });
        gate.plan = { seen: lost, ...plan };
        await fails(id, lost, stream, code, status);
        assert.ok(gate.struck > 0, 'it happened');
        gate.heal();
        await upstream.check(sim, [first, ...(await goesOn(nekod, id))], lost);
        await checkQuiet(sim);
      });
  };

  for (const [name, plan] of Object.entries(harmless))
    test(`${kind}: ${name} change nothing`, async () => {
      const [id, first] = [unique('session'), unique('first')];
      gate.plan = plan;
      const stream = await patient.stream(first, { session_id: id });
      assert.ok(checkStream(await stream.rest()).text.includes(first));
      const said = await goesOn(patient, id);
      assert.ok(gate.struck > 0, 'it happened');
      gate.heal();
      await upstream.check(sim, [first, ...said], 'nothing');
      await checkQuiet(sim);
    });

  for (const [name, [what, code, status]] of Object.entries(harmful))
    for (const [place, bytes] of Object.entries(places))
      if (isTold(what, place)) strike(`${name} ${place}`, { what, towards: 'client', after: bytes }, code, status);

  strike('a request that does not arrive', { what: 'stall', towards: 'server' }, 'upstream_timeout', 504);
  strike('a request that is cut', { what: 'cut', towards: 'server' }, 'upstream_error', 502);

  test(`${kind}: an upstream that is gone for a while is found again`, async () => {
    const [id, first, lost] = [unique('session'), unique('first'), unique('lost')];
    await nekod.ask(first, { session_id: id });
    const { port } = gate;
    await gate.close();
    for (const stream of [false, true]) await fails(id, lost, stream, 'upstream_error', 502);
    assert.equal((await fetch(`${nekod.url}/health/live`)).status, 200);
    await gate.open(port);
    await upstream.check(sim, [first, ...(await goesOn(nekod, id))], lost);
    await checkQuiet(sim);
  });
}
