// What clients do, good and bad: one visit after the other, at random.

import assert from 'node:assert/strict';
import { Connection, checkBrokenStream, checkError, checkStream, rawRequest, unique } from '../e2e/support.mjs';

const user = (content) => ({ role: 'user', content });
export const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));

/// A client whose answers are correct or errors of ours; anything else is thrown.
export class Visitor {
  /// The number of visits by kind, and of answers by outcome.
  counts = {};

  constructor({ sim, nekod, kind, chance }) {
    Object.assign(this, { sim, nekod, kind, chance });
  }

  async visit() {
    const visits = ['whole', 'streamed', 'named', 'told', 'leaver', 'earlyLeaver', 'slow', 'fault', 'others'];
    const name = this.chance.of(visits);
    this.#count(name);
    await this[name]();
  }

  #count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /// The answer's text; nothing for an error.
  async #ask(text, fields = {}) {
    const response = await this.nekod.post({ model: 'Orange Cat', messages: [user(text)], ...fields });
    const body = await response.text();
    if (response.status !== 200) {
      this.#count(checkError(JSON.parse(body)).code);
      return undefined;
    }
    if (!fields.stream) return JSON.parse(body).choices[0].message.content;
    if (!body.includes('[DONE]')) {
      this.#count(checkBrokenStream(body).code);
      return undefined;
    }
    return this.kind === 'anuneko' ? checkStream(body).text : body;
  }

  whole() {
    return this.#ask(`[sim tokens=40] ${unique()}`);
  }

  streamed() {
    return this.#ask(`[sim tokens=100 delay=2] ${unique()}`, { stream: true });
  }

  /// A conversation that names its session, which is sometimes deleted.
  async named() {
    const id = unique('session');
    for (const stream of [true, false, true]) await this.#ask(unique(), { session_id: id, stream });
    if (this.chance.one(0.3)) await (await fetch(`${this.nekod.url}/sessions/${id}`, { method: 'DELETE' })).text();
  }

  /// A conversation that sends its history, and sometimes regenerates an answer.
  async told() {
    const messages = [user(unique())];
    for (let turn = 0; turn < 3; ++turn) {
      const said = await this.#ask('', { messages });
      if (said === undefined) return;
      messages.push({ role: 'assistant', content: said }, user(unique()));
    }
    await this.#ask('', { messages: messages.slice(0, 3), stream: true });
  }

  async leaver() {
    const stream = await this.nekod.stream(`[sim tokens=500 delay=5] ${unique()}`, { model: 'Orange Cat' });
    if (stream.response.status === 200) await stream.more();
    stream.leave();
  }

  async earlyLeaver() {
    const leaving = new AbortController();
    const body = { model: 'Orange Cat', stream: true, messages: [user(`[sim first=200] ${unique()}`)] };
    const left = this.nekod.post(body, { signal: leaving.signal }).catch(() => {});
    await pause(20 * this.chance.next());
    leaving.abort();
    await left;
  }

  /// Reads a little, waits, reads more, and leaves.
  async slow() {
    const connection = new Connection(this.nekod.port);
    const body = { model: 'Orange Cat', stream: true, messages: [user(`[sim tokens=20000] ${unique()}`)] };
    await connection.send(rawRequest('POST', '/v1/chat/completions', body));
    await pause(500);
    connection.reading();
    await pause(200 * this.chance.next());
    connection.end();
  }

  /// Makes the next call of some client fail.
  async fault() {
    const kinds = ['status', 'html', 'reset', 'silent', 'cut', 'stall', 'error_event'];
    const kind = this.chance.of(kinds);
    const call = this.kind === 'anuneko' ? 'stream' : 'completions';
    await this.sim.fault({ call, kind, times: 1, after_events: this.chance.below(6) });
    await this.#ask(unique(), { stream: this.chance.one(0.5) });
  }

  async others() {
    for (const path of ['/v1/models?refresh=true', '/sessions?limit=10', '/health/ready', '/no/such/path'])
      await (await fetch(this.nekod.url + path)).text();
    const response = await this.nekod.post(`{"messages":"${unique()}`);
    assert.equal(response.status, 400);
    await response.text();
  }
}
