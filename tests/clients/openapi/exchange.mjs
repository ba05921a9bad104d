// Plain requests, without a client library.

import http from 'node:http';
import https from 'node:https';
import { patience } from '../../e2e/support.mjs';

/// One request and its whole answer, over a connection of its own.
export function exchange(url, method, path, { headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const request = (url.startsWith('https') ? https : http).request(
      url + path,
      {
        ...{ method, agent: false, rejectUnauthorized: false, timeout: patience },
        headers: { ...(body ? { 'Content-Length': Buffer.byteLength(body) } : {}), ...headers },
      },
      async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) text += piece;
        done({ status: response.statusCode, headers: response.headers, text, method });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path}`)));
    request.on('error', failed);
    request.end(body);
  });
}
