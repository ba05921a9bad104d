// Agents, as their users have them but without a person, work through nekod: two turns in one conversation, each
// with a tool call. The upstream hears exactly what they say.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Foreign, folder } from '../e2e/foreign.mjs';
import { gateway, patience, until } from '../e2e/support.mjs';
import { agents } from './agents.mjs';
import { closedProxy, recorder, scriptedUpstream } from './servers.mjs';

const answer = 'The file is about a cat.';

/// The JSON that must be equal on both sides of nekod, with sorted keys; the name of the model may differ.
function words({ model, ...body }) {
  const inOrder = (_, each) =>
    each?.constructor === Object ? Object.fromEntries(Object.entries(each).sort()) : each;
  return JSON.stringify(body, inOrder);
}

/// The bodies among *these* that are missing among *those*, where each counts once; as outlines for people.
function missing(these, those) {
  const left = those.map(words);
  const outline = (message) => `${message.role}: ${JSON.stringify(message.content)?.slice(0, 60)}`;
  return these
    .filter((body) => {
      const at = left.indexOf(words(body));
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    })
    .map((body) => body.messages.map(outline));
}

/// Runs the agent to its end, with a home folder of its own and no access to other machines.
async function work(scope, agent, { home, url, proxy }, task, goesOn) {
  const { command, env } = agent.start(home, `${url}/v1`, task, goesOn);
  const outside = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].map((name) => [name, proxy.url]);
  const ways = { ...Object.fromEntries(outside), no_proxy: '127.0.0.1', NO_PROXY: '127.0.0.1' };
  // Node reads these variables only if it is told to.
  const node = { NODE_USE_ENV_PROXY: '1', NODE_NO_WARNINGS: '1' };
  const cwd = join(home, 'work');
  const program = new Foreign(scope, command, { env: { HOME: home, ...ways, ...node, ...env }, cwd });
  // Its start alone takes a minute of two processors that others use, too.
  await until(() => program.status, `the agent does not end:\n${program.said.slice(-4000)}`, 3 * patience);
  assert.equal(program.status, 'code 0', program.said);
  assert.ok(program.said.includes(answer), program.said);
}

/// A home folder with a file in it, and the servers around nekod.
async function around(scope, agent) {
  const home = folder(scope);
  const file = join(home, 'work/cat.txt');
  mkdirSync(join(home, 'work'));
  writeFileSync(file, 'A cat sat on a mat.\n');
  const upstream = await scriptedUpstream(scope, { tool: agent.tool, args: agent.reading(file), answer });
  const leading = ['--upstream', 'openai', '--openai-url', `${upstream.url}/v1`, '--store', 'memory', '--port', '0'];
  const nekod = await gateway(scope, leading);
  return { home, upstream, ...(await recorder(scope, nekod.url)), proxy: await closedProxy(scope) };
}

for (const [name, agent] of Object.entries(agents)) {
  test(`${name} works by nekod, and the upstream hears what it tells`, { skip: agent.missing }, async (t) => {
    const place = await around(t, agent);
    await work(t, agent, place, 'Read cat.txt and say what it is about.', false);
    await work(t, agent, place, 'Read it once more, please.', true);

    const { noted, upstream, proxy } = place;
    const bodies = noted.map(({ body }) => body);
    assert.deepEqual(noted.map(({ status }) => status).filter((status) => status !== 200), []);
    assert.deepEqual(missing(upstream.told, bodies), [], 'the upstream heard what the agent did not tell');
    assert.deepEqual(missing(bodies, upstream.told), [], 'the agent told what the upstream did not hear');
    assert.deepEqual(proxy.asked, [], 'it asks nobody else');

    // Requests with the tool are its work; requests without it (for a title, say) are another conversation.
    const working = noted.filter(({ body }) => body.tools?.some((tool) => tool.function.name === agent.tool));
    const others = noted.filter((each) => !working.includes(each));
    const session = ({ head }) => head['x-session-id'];
    assert.deepEqual(working.map(({ body }) => body.messages.at(-1).role), ['user', 'tool', 'user', 'tool']);
    // An agent may change its own history in its second run.
    for (const [asked, result] of [working.slice(0, 2), working.slice(2)]) assert.equal(session(asked), session(result));
    for (const other of others) for (const each of working) assert.notEqual(session(other), session(each));
    t.diagnostic(`${noted.length} requests, ${others.length} of them beside the work`);
  });
}
