// Calls of nekod's public API: what the page can, any client can. Addresses are relative, for proxies.

import { key } from './keep.js';

const base = new URL('.', document.baseURI);

/// An error that nekod or the network has told.
export class ApiError extends Error {
  constructor(message, fields = {}) {
    super(message);
    Object.assign(this, fields);
  }
}

function seconds(response) {
  const milliseconds = Number(response.headers.get('Retry-After-Ms'));
  const whole = Number(response.headers.get('Retry-After'));
  return milliseconds > 0 ? milliseconds / 1000 : whole > 0 ? whole : undefined;
}

async function errorOf(response) {
  const fields = {
    status: response.status,
    request: response.headers.get('X-Request-Id') ?? '',
    retryAfter: seconds(response),
    final: response.headers.get('X-Should-Retry') === 'false',
  };
  try {
    const { error } = await response.json();
    return new ApiError(error.message, { ...fields, code: error.code, param: error.param });
  } catch {
    return new ApiError(`HTTP ${response.status}`, { ...fields, code: `http_${response.status}` });
  }
}

/// Sends a request and returns the response; throws an ApiError for any other status than 2xx.
export async function call(method, path, { body, headers = {}, signal } = {}) {
  const fields = { ...headers };
  if (key()) fields.Authorization = `Bearer ${key()}`;
  if (body !== undefined) fields['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(new URL(path, base), {
      method,
      headers: fields,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(error.message, { code: 'network', cause: error });
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export const get = async (path, options) => (await call('GET', path, options)).json();

/// The data of the events in *response*, as they come. Comments are left out, [DONE] too; throws if the stream
/// breaks off before it.
export async function* events(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(error.message, { code: 'network', cause: error });
    }
    if (part.done) break;
    rest += decoder.decode(part.value, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('data:')) continue;
      const data = line.slice(5).trim();
      if (data === '[DONE]') return;
      if (data) yield JSON.parse(data);
    }
  }
  throw new ApiError('', { code: 'network' });
}
