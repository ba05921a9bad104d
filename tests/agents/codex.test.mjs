// Codex with the configuration that the README shows: `codex exec` runs a command and edits files through nekod, in
// front of a server with the chat API, and goes on when its upstream breaks off.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { leadingToModel, scriptedModel } from '../clients/model.mjs';
import { Foreign, folder } from '../e2e/foreign.mjs';
import { addKey, gateway, until } from '../e2e/support.mjs';
import { closedProxy, recorder } from './servers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const program = join(here, `node_modules/@openai/codex-linux-${process.arch}/vendor/${target}-unknown-linux-musl/bin/codex`);
const skip = existsSync(program) ? false : 'its package is not for this machine';

/// What the README says to paste, and the line that it adds for API keys.
const readme = readFileSync(join(here, '../../README.md'), 'utf8');
const [, pasted] = readme.match(/```toml\n(model = [^`]*\[model_providers\.nekod\][^`]*)```/);
const [keyLine, keyVariable] = readme.match(/env_key = "(\w+)"/);

/// Nobody to ask, no sandbox in the sandbox, and nobody but nekod to talk to.
const alone = [
  ...['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '--disable', 'plugins'],
  ...['--disable', 'apps', '-c', 'analytics.enabled=false', '-c', 'check_for_update_on_startup=false'],
];

/// A home folder with a file in it, and Codex in front of nekod in front of the model *think*.
/// @param model its name; Codex declares its tool `apply_patch` only to models that it knows.
async function around(scope, model, think, { withKey = false } = {}) {
  const home = folder(scope);
  mkdirSync(join(home, 'work'));
  mkdirSync(join(home, '.codex'));
  const file = join(home, 'work/cat.txt');
  writeFileSync(file, 'A cat sat on a mat.\n');
  const upstream = await scriptedModel(scope, think);
  upstream.models = { data: [{ id: model }] };
  const keys = join(home, 'keys');
  const key = withKey && addKey(keys, 'codex');
  const nekod = await gateway(scope, [...leadingToModel(upstream), ...(key ? ['--api-keys', keys] : [])]);
  const { url, noted } = await recorder(scope, nekod.url);
  const proxy = await closedProxy(scope);
  const settings = pasted.replace(/model = ".*"/, `model = "${model}"`).replace(/base_url = ".*"/, `base_url = "${url}/v1"`);
  assert.ok(settings.includes(`"${url}/v1"`) && settings.includes(`model = "${model}"`));
  writeFileSync(join(home, '.codex/config.toml'), settings + (key ? keyLine : ''));
  const ways = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].map((name) => [name, proxy.url]);
  const env = { HOME: home, ...Object.fromEntries(ways), no_proxy: '127.0.0.1', NO_PROXY: '127.0.0.1' };
  if (key) env[keyVariable] = key;

  /// Runs Codex to its end, and returns what it says.
  const work = async (...words) => {
    const codex = new Foreign(scope, [program, 'exec', ...words.slice(0, -1), ...alone, words.at(-1)], { env, cwd: join(home, 'work') });
    await until(() => codex.status, `Codex does not end:\n${codex.said.slice(-4000)}`);
    assert.equal(codex.status, 'code 0', codex.said);
    assert.deepEqual(proxy.asked, [], 'it asks nobody else');
    return codex.said;
  };
  return { file, upstream, noted, work };
}

const sessions = (noted) => new Set(noted.map(({ head }) => head['x-session-id']));
/// The messages behind the prompt and what Codex says of its surroundings.
const told = (messages) => messages.slice(messages.findIndex(({ content }) => /^Read/.test(content)));

test('Codex runs a command, and goes on in a second run', { skip }, async (t) => {
  const { upstream, noted, work } = await around(t, 'scripted', ({ messages }) =>
    messages.at(-1).role === 'user'
      ? { reasoning: 'I have to look.', text: 'I look.', calls: [{ name: 'exec_command', args: { cmd: 'cat cat.txt' } }] }
      : { text: 'The file is about a cat.' },
  );
  const said = await work('Read cat.txt and say what it is about.');
  assert.match(said, /I have to look\.[^]*I look\.[^]*A cat sat on a mat\.[^]*The file is about a cat\./);
  assert.match(await work('resume', '--last', 'Once more, please.'), /The file is about a cat\./);

  assert.deepEqual(noted.map(({ status }) => status), [200, 200, 200, 200]);
  assert.equal(sessions(noted).size, 1, 'both runs are one conversation');
  const messages = upstream.told();
  assert.deepEqual(messages.map(({ role }) => role).indexOf('system', 1), -1, 'one system message');
  const turn = ['user', 'assistant', 'tool'];
  assert.deepEqual(told(messages).map(({ role }) => role), [...turn, 'assistant', ...turn]);
  const [, call, result, answer] = told(messages);
  assert.equal(call.content, 'I look.');
  assert.equal(call.tool_calls[0].id, result.tool_call_id);
  assert.match(result.content, /A cat sat on a mat\./);
  assert.equal(answer.content, 'The file is about a cat.');
  const names = upstream.bodies()[0].tools.map((tool) => tool.function.name);
  assert.ok(names.includes('exec_command') && names.includes('multi_agent_v1__spawn_agent'), names.join());
  assert.equal(noted[0].head['x-ignored-parameters'], 'tools.web_search');
});

const patch = `*** Begin Patch
*** Update File: cat.txt
@@
-A cat sat on a mat.
+A "dog" sat on a mat; \\ ä.
*** End Patch
`;
const call = { name: 'apply_patch', args: { input: patch } };
/// Goes on with its own text if that is the last message.
const patching = ({ messages }) =>
  ({ tool: { text: 'It is a dog now.' }, assistant: { calls: [call] } })[messages.at(-1).role] ?? { text: 'I change it.', calls: [call] };

test('Codex edits a file by its own tool, with an API key', { skip }, async (t) => {
  const { file, upstream, noted, work } = await around(t, 'gpt-5.5', patching, { withKey: true });
  assert.match(await work('Read cat.txt and make it a dog.'), /It is a dog now\./);
  assert.equal(readFileSync(file, 'utf8'), 'A "dog" sat on a mat; \\ ä.\n');
  assert.equal(noted.length, 2);
  assert.equal(noted[1].body.input.at(-1).type, 'custom_tool_call_output');
  const [, asks, result] = told(upstream.told());
  assert.deepEqual(JSON.parse(asks.tool_calls[0].function.arguments), { input: patch });
  assert.equal(asks.tool_calls[0].function.name, 'apply_patch');
  assert.match(result.content, /Success/);
  const { function: tool } = upstream.bodies()[0].tools.find((each) => each.function.name === 'apply_patch');
  assert.match(tool.description, /begin_patch/, 'the grammar is in the description');
});

test('Codex repeats what its upstream cut, and edits the file once', { skip }, async (t) => {
  let requests = 0;
  // Cut in the text, then in the call behind the text, whose item is complete by then.
  const cuts = { 1: 3, 2: 5 };
  const { file, upstream, noted, work } = await around(t, 'gpt-5.5', (body) => ({ ...patching(body), cut: cuts[++requests] }));
  assert.match(await work('Read cat.txt and make it a dog.'), /It is a dog now\./);
  assert.equal(readFileSync(file, 'utf8'), 'A "dog" sat on a mat; \\ ä.\n');
  const roles = upstream.bodies().map(({ messages }) => told(messages).map(({ role }) => role));
  assert.deepEqual(roles, [['user'], ['user'], ['user', 'assistant'], ['user', 'assistant', 'tool']]);
  const [, asks] = told(upstream.told());
  assert.equal(asks.content, 'I change it.');
  assert.equal(asks.tool_calls.length, 1, 'what was told in two answers is one message');
  assert.equal(sessions(noted.slice(-2)).size, 1);
});
