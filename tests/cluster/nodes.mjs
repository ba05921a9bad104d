// Several nekods with one database, behind a proxy that gives them requests in turn.

import { EventEmitter } from 'node:events';
import http from 'node:http';
import { Gateway, gateway, until } from '../e2e/support.mjs';

/// A proxy that sends each request to the next node, and asks another one only if it cannot connect.
export async function roundRobin(scope, nodes) {
  let next = 0;
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => forward(request, response, Buffer.concat(parts), nodes.length));
  });
  function forward(request, response, body, attempts) {
    const node = nodes[next++ % nodes.length];
    const { method, url: path, headers } = request;
    const options = { host: '127.0.0.1', port: node.port, method, path, headers, agent: false };
    const out = http.request(options, (answer) => {
      response.writeHead(answer.statusCode, { ...answer.headers, 'x-node': node.pid });
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    out.on('error', (error) => {
      if (error.code === 'ECONNREFUSED' && attempts > 1) forward(request, response, body, attempts - 1);
      else response.destroy();
    });
    response.on('close', () => out.destroy());
    out.end(body);
  }
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // It is asked like a nekod.
  const proxy = Object.create(Gateway.prototype);
  EventEmitter.call(proxy);
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}

/// A way to *upstream* that holds back the answer to the first POST: `reached` resolves once the upstream has given it,
/// `release` lets it through.
export async function holdingAnswers(scope, upstream) {
  let reach;
  let release;
  const reached = new Promise((f) => (reach = f));
  const released = new Promise((f) => (release = f));
  let first = true;
  const server = http.createServer((request, response) => {
    const hold = request.method === 'POST' && first;
    if (hold) first = false;
    const { method, url: path, headers } = request;
    const out = http.request(upstream.url + path, { method, headers, agent: false }, async (answer) => {
      if (hold) {
        reach();
        await released;
      }
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    out.on('error', () => response.destroy());
    request.pipe(out);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, reached, release };
}

/// Starts that many nodes with one database; *start* starts one more.
export async function cluster(scope, uri, leading, { count = 2, args = [] } = {}) {
  const start = (...more) =>
    gateway(scope, [...leading, '--store', uri, '--node-lease', '2', '--retries', '0', ...args, ...more]);
  const nodes = [];
  for (let i = 0; i < count; ++i) nodes.push(await start());
  return { nodes, start };
}

/// Waits until nobody holds anything in the database.
export const atRest = (database, name) =>
  until(
    () => database.sql('SELECT count(*) FROM nekod.leases', name) === '0',
    'sessions are held although nothing runs',
  );

/// A message with its history, as a client without a session tells it.
export const told = (...texts) => texts.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }));
