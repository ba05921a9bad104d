// A real server for tests: Debian's llama-server with a tiny random model, whose answers are gibberish but words.
// And the questions of tests to it, direct or through nekod.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Foreign, freePort, onFreePort } from '../e2e/foreign.mjs';
import { dataOf, gateway, until } from '../e2e/support.mjs';

const here = dirname(fileURLToPath(import.meta.url));

// Without a server the tests end here, in the way that CTest recognises as skipped.
if (!existsSync(resolve(here, '../../build/llama.cpp/complete'))) {
  console.log('skipped: there is no llama.cpp; tests/llama/serve --fetch says why');
  process.exit(77);
}

/// The number of slots for concurrent answers.
export const places = 4;
const usual = [
  ...['--alias', 'tiny', '-t', '1', '-np', `${places}`, '-c', '131072', '--metrics', '--slots', '--no-webui'],
  // Each request that waits for a slot occupies one of these, and by default few machines have enough for our questions, too.
  ...['--threads-http', '32'],
];

/// A running llama-server.
export class Llama {
  #scope;
  #flags;
  #program;

  constructor(scope, flags) {
    this.#scope = scope;
    this.#flags = flags;
  }

  #spawn(port) {
    const command = [join(here, 'serve'), join(here, 'tiny.gguf'), `${port}`, ...usual, ...this.#flags];
    this.#program = new Foreign(this.#scope, command);
    return this.#program;
  }

  /// Reserves a port without listening on it yet.
  async reserve() {
    this.port = await freePort();
    return this;
  }

  /// Starts it, at its previous port, and waits until its model is loaded.
  async start() {
    if (this.port) this.#spawn(this.port);
    else this.port = await onFreePort((port) => this.#spawn(port));
    await until(() => this.#program.status || this.loaded(), `the model does not load:\n${this.#program.said}`);
    assert.ok(!this.#program.status, `llama-server: ${this.#program.status}\n${this.#program.said}`);
    return this;
  }

  /// Sends it a signal. SIGSTOP and SIGCONT make it silent for a while.
  kill(signal) {
    this.#program.process.kill(signal);
  }

  /// Ends it without a warning.
  async crash() {
    await this.#program.stop('SIGKILL');
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  loaded() {
    return fetch(`${this.url}/health`).then(({ ok }) => ok, () => false);
  }

  async slots() {
    return (await fetch(`${this.url}/slots`)).json();
  }

  /// The slots that are making an answer.
  async working() {
    return (await this.slots()).filter((slot) => slot.is_processing);
  }

  /// Waits until that many slots are busy.
  async busy(count = 1) {
    await until(async () => (await this.working()).length === count, `${count} places are not taken`);
  }

  /// Waits until no answer is being made and none waits for a slot.
  async idle() {
    const rests = async () =>
      (await this.working()).length === 0 && (await this.figure('llamacpp:requests_deferred')) === 0;
    await until(rests, 'llama.cpp does not come to rest');
  }

  /// One of its metrics.
  async figure(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(text.match(new RegExp(`^${name} (\\S+)$`, 'm'))[1]);
  }

  /// Sends it a request without nekod.
  async ask(body, path = '/v1/chat/completions') {
    const request = { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    return answered(await fetch(this.url + path, request));
  }
}

/// Starts a llama-server with these *flags* besides the usual ones.
export const llamaServer = (scope, flags = []) => new Llama(scope, flags).start();

/// The arguments that point nekod at *llama*.
export const leadingToLlama = (llama, store = 'memory') => [
  ...['--upstream', 'openai', '--openai-url', `${llama.url}/v1`, '--store', store, '--port', '0'],
];

/// Starts nekod in front of it.
export const inFrontOf = (scope, llama, args = []) => gateway(scope, [...leadingToLlama(llama), ...args]);

export const user = (content) => ({ role: 'user', content });
export const assistant = (content) => ({ role: 'assistant', content });

/// An answer that ends only when its slot is full, which takes about ten minutes.
export const endless = { model: 'tiny', ignore_eos: true, messages: [user('Go on and on')] };

/// The answer to a request: its `status`, and its body as one answer, whole or streamed.
export async function answered(response) {
  const text = await response.text();
  const { status, headers } = response;
  const stream = headers.get('content-type')?.startsWith('text/event-stream');
  return { status, headers, body: stream ? assembled(text) : JSON.parse(text) };
}

/// Asks nekod for a completion.
export const ask = async (nekod, body, options) => answered(await nekod.post({ model: 'tiny', ...body }, options));

/// The same for a request that must succeed: the answer's body.
export async function askWell(nekod, body, options) {
  const { status, body: answer } = await ask(nekod, body, options);
  assert.equal(status, 200, JSON.stringify(answer));
  return answer;
}

/// The text of the first choice.
export const textOf = (answer) => answer.choices[0].message.content;

/// How many tokens of the prompt llama.cpp had to read, and how many were in its cache.
export const readOf = ({ usage }) => {
  const known = usage.prompt_tokens_details.cached_tokens;
  return { known, read: usage.prompt_tokens - known };
};

/// A streamed answer in the form of a whole one.
export function assembled(raw) {
  const data = dataOf(raw);
  assert.equal(data.at(-1), '[DONE]', raw.slice(-1000));
  const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
  const answer = { choices: [] };
  for (const { choices, ...chunk } of chunks) {
    Object.assign(answer, chunk, { object: 'chat.completion' });
    for (const choice of choices) {
      answer.choices[choice.index] ??= { index: choice.index, message: {} };
      addTo(answer.choices[choice.index], choice);
    }
  }
  return answer;
}

function addTo(choice, { delta, finish_reason, logprobs }) {
  const { tool_calls, ...said } = delta;
  for (const [key, value] of Object.entries(said))
    if (value !== null) choice.message[key] = key === 'role' ? value : (choice.message[key] ?? '') + value;
  for (const { index, ...piece } of tool_calls ?? []) {
    const calls = (choice.message.tool_calls ??= []);
    if (piece.id) calls[index] = piece;
    else calls[index].function.arguments += piece.function.arguments;
  }
  choice.finish_reason = finish_reason ?? choice.finish_reason;
  if (logprobs) (choice.logprobs ??= { content: [] }).content.push(...logprobs.content);
}
