// Helpers for tests of pass-through: an upstream that does what a test says, and low-level requests.

import { createHash } from 'node:crypto';
import http from 'node:http';
import { gateway, until } from './support.mjs';

export const upstreamKey = 'upstream-secret-key';

export const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/// Starts an upstream with the OpenAI API. *handle* gets each request except those for the list of models, the
/// response, and the request's entry in `heard`: `line`, `headers`, `readOn` to read the rest of its body, and
/// `aborted` once its connection breaks. *scope* has an `after`.
export async function passedTo(scope, handle, models = ['m']) {
  const self = { heard: [] };
  const server = http.createServer({ requestTimeout: 0 }, (request, response) => {
    const { method, url, headers, rawHeaders } = request;
    const noted = { line: `${method} ${url}`, headers, rawHeaders, aborted: false };
    if (method === 'GET' && url.startsWith('/v1/models')) {
      response.setHeader('Content-Type', 'application/json');
      return response.end(JSON.stringify({ data: models.map((id) => ({ id })) }));
    }
    self.heard.push(noted);
    noted.readOn = () => request.resume();
    request.on('error', () => {});
    response.on('close', () => (noted.aborted ||= !response.writableFinished));
    return handle(request, response, noted);
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  self.url = `http://127.0.0.1:${server.address().port}/v1`;
  return self;
}

/// The whole body of a request.
export async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/// Records the body, and answers with *body*.
export const answering =
  (body = '{"ok":true}', { status = 200, headers = { 'Content-Type': 'application/json' } } = {}) =>
  async (request, response, noted) => {
    noted.body = await bodyOf(request);
    response.writeHead(status, headers).end(body);
  };

/// nekod in front of that upstream.
export const before = (scope, upstream, args = []) =>
  gateway(scope, [
    ...['--upstream', 'openai', '--openai-url', upstream.url, '--openai-key', upstreamKey],
    ...['--store', 'memory', '--port', '0', '--retries', '0', ...args],
  ]);

/// nekod in front of several upstreams, by name; the first is the default.
export function beforeSeveral(scope, upstreams, args = []) {
  const tables = Object.entries(upstreams).map(
    ([name, { url }]) => `[upstreams.${name}]\nkind = "openai"\nurl = "${url}"\nkey = "${upstreamKey}"\n`,
  );
  const home = { 'nekod.toml': tables.join('\n') };
  return gateway(scope, ['--config', 'nekod.toml', '--port', '0', ...args], { home });
}

/// A request whose body the test writes: `request`, and `answered`, its response once the header has arrived.
export function open(nekod, method, path, { headers = {}, agent } = {}) {
  const request = http.request(`${nekod.url}${path}`, { method, headers, agent });
  const answered = new Promise((done, failed) => request.on('response', done).on('error', failed));
  answered.catch(() => {});
  return { request, answered };
}

/// Sends a whole request; returns `status`, `headers`, `body`, and `cut` if the body broke off.
export async function send(nekod, method, path, { headers = {}, body, agent } = {}) {
  const { request, answered } = open(nekod, method, path, { headers, agent });
  request.end(body);
  return whole(await answered);
}

/// The whole body of a response.
export async function whole(response) {
  const result = { status: response.statusCode, headers: response.headers, cut: false };
  const pieces = [];
  try {
    for await (const piece of response) pieces.push(piece);
  } catch {
    result.cut = true;
  }
  result.body = Buffer.concat(pieces);
  result.text = result.body.toString();
  result.json = () => JSON.parse(result.text);
  return result;
}

export const post = (nekod, path, body, headers = {}) =>
  send(nekod, 'POST', path, {
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });

/// A form with these parts, each `[name, value]` or `[name, bytes, filename]`.
export function form(parts, boundary = 'abc') {
  const bytes = parts.flatMap(([name, value, filename]) => {
    const file = filename ? `; filename="${filename}"\r\nContent-Type: application/octet-stream` : '';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return [Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')];
  });
  const body = Buffer.concat([...bytes, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': body.length } };
}

/// Waits until the upstream has got a request, and returns its entry.
export const hears = (upstream, count = 1) =>
  until(() => upstream.heard[count - 1], 'the upstream hears of it');
