// Checks answers against an OpenAPI document, and records what it has checked.

import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import { dataOf } from '../../e2e/support.mjs';

/// Fields of HTTP itself, or for browsers only.
const ordinary = new Set([
  ...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'server', 'transfer-encoding'],
  ...['access-control-expose-headers', 'vary', 'x-content-type-options'],
]);

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/// Makes objects in *schema* refuse members that it does not name.
function close(schema) {
  if (schema.properties) schema.unevaluatedProperties = false;
  for (const part of [...Object.values(schema.properties ?? {}), schema.items]) if (part) close(part);
}

export class Contract {
  #ajv = new Ajv2020({ strictTypes: false, strictRequired: false, allowUnionTypes: true, allErrors: true });
  #judges = new Map();

  /// @param closed Names of schemas that allow further members, but are to refuse them here.
  /// @param never Names of schemas that nothing may match.
  constructor(document, { closed = [], never = [] } = {}) {
    // Ajv reads schemas, not documents: the schemas are moved to the place where it expects them.
    const text = JSON.stringify(document).replaceAll('"#/components/schemas/', '"nekod#/$defs/');
    this.document = JSON.parse(text);
    for (const name of closed) close(this.document.components.schemas[name]);
    for (const name of never) this.document.components.schemas[name] = { not: {} };
    this.#ajv.addKeyword('example');
    this.#ajv.addSchema({ $id: 'nekod', $defs: this.document.components.schemas });
    /// What was checked: `operation status type`, names of fields, and codes of errors.
    this.answers = new Set();
    this.fields = new Set();
    this.codes = new Set();
  }

  /// Every operation that nekod answers itself, with `id`, `method`, `path` and `responses`. Operations that pass
  /// through are answered by the upstream.
  get operations() {
    const own = Object.entries(this.document.paths).filter(([, item]) => !item['x-passed']);
    return own.flatMap(([path, item]) =>
      methods
        .filter((method) => item[method])
        .map((method) => ({
          id: item[method].operationId,
          method: method.toUpperCase(),
          path,
          responses: item[method].responses,
          answers: (status) => status in item[method].responses,
        })),
    );
  }

  /// Every documented answer, in the form of `answers`.
  get documented() {
    return this.operations.flatMap(({ id, responses }) =>
      Object.entries(responses).flatMap(([status, response]) =>
        Object.keys(this.#resolved(response).content).map((type) => `${id} ${status} ${type}`),
      ),
    );
  }

  /// Why *value* does not match *schema*, in words; empty if it does.
  faults(schema, value) {
    const key = JSON.stringify(schema);
    if (!this.#judges.has(key)) this.#judges.set(key, this.#ajv.compile(schema));
    const judge = this.#judges.get(key);
    return judge(value) ? '' : this.#ajv.errorsText(judge.errors, { separator: '\n' });
  }

  /// Checks an answer to an operation.
  check(operation, answer) {
    const { id, responses } = operation;
    const status = answer.status in responses ? answer.status : `${Math.trunc(answer.status / 100)}XX`;
    assert.ok(responses[status], `${id} has no ${answer.status}:\n${answer.text}`);
    const type = this.checkResponse(responses[status], answer, `${id} ${answer.status}`);
    this.answers.add(`${id} ${status} ${type}`);
    return answer;
  }

  /// Checks an answer outside any operation, by the name of its response.
  checkNamed(name, answer) {
    this.checkResponse(this.document.components.responses[name], answer, name);
    return answer;
  }

  /// @returns the type of the answer's content.
  checkResponse(response, { headers, text, method }, where) {
    const { content, headers: fields = {} } = this.#resolved(response);
    this.#checkFields(fields, headers, where);
    const type = headers['content-type']?.split(';')[0];
    assert.ok(content[type], `${where} has no ${type}`);
    if (method === 'HEAD') assert.equal(text, '', `${where}: HEAD has no body`);
    else this.#checkBody(content[type], type, text, where);
    return type;
  }

  #checkFields(documented, headers, where) {
    const known = new Set(ordinary);
    for (const [name, reference] of Object.entries(documented)) {
      const { schema, required } = this.#resolved(reference);
      const value = headers[name.toLowerCase()];
      known.add(name.toLowerCase());
      assert.ok(value !== undefined || !required, `${where} lacks ${name}`);
      if (value === undefined) continue;
      const fault = this.faults(schema, schema.type === 'integer' ? Number(value) : value);
      assert.equal(fault, '', `${where}, ${name}: ${value}\n${fault}`);
      this.fields.add(name);
    }
    for (const name of Object.keys(headers))
      assert.ok(known.has(name), `${where}: ${name} is not documented`);
  }

  #checkBody(media, type, text, where) {
    const read = (json) => (json === '[DONE]' ? json : JSON.parse(json));
    const judge = (schema, value) => {
      const fault = this.faults(schema, value);
      assert.equal(fault, '', `${where}: ${JSON.stringify(value)}\n${fault}`);
      if (value.error?.code) this.codes.add(value.error.code);
    };
    if (type === 'application/json') return judge(media.schema, JSON.parse(text));
    judge(media.schema, text);
    if (media['x-event-schema']) for (const data of dataOf(text)) judge(media['x-event-schema'], read(data));
  }

  /// The target of a reference.
  #resolved(node) {
    if (!node.$ref) return node;
    return node.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key], this.document);
  }
}
