// Valid and invalid chat requests, which show whether two judges of them agree.

const user = { role: 'user', content: 'hello' };
const messages = [user];

const values = [
  ...[null, true, false, 0, 1, 2, 5, 64, 200, -1, -2, -3, 0.5, 1.5, 1e3, 1e30],
  ...['', 'text', 'a/b', 'x'.repeat(129), [], ['a'], ['a', 7], ['a', 'b', 'c', 'd', 'e']],
  ...[{}, { x: 1 }, { type: 'text' }, { type: 'json_schema' }, { type: 'tea' }, { type: 7 }],
  ...[{ include_usage: true }, { include_usage: null }, { include_usage: 1 }],
];

/// Numbers at the limits of a schema, and on both sides of each.
const edges = ({ minimum, maximum }) =>
  [minimum, maximum]
    .filter(Number.isSafeInteger)
    .flatMap((edge) => [edge - 1, edge - 0.5, edge, edge + 0.5, edge + 1]);

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function', 'cat', 7, null];

const parts = ['text', 'refusal', 'image_url', 'input_audio', 'file', 'tea', null].flatMap((type) =>
  [{}, { text: 'x' }, { refusal: 'x' }, { text: null, refusal: 7 }].map((more) => ({ type, ...more })),
);

/// Each of *properties*, which are schemas by name, with values of every kind; messages of every role,
/// with and without content; and parts.
export function requestsFor(properties) {
  const said = (message) => ({ messages: [message, user] });
  const part = (each) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, each] }] });
  return [
    ...Object.entries(properties).flatMap(([name, schema]) =>
      [...values, ...edges(schema)].map((value) => ({ messages, [name]: value })),
    ),
    ...roles.flatMap((role) => [said({ role }), ...values.map((content) => said({ role, content }))]),
    ...[...parts, 'x', 7, null, {}].map(part),
    ...[{}, { messages: null }, { messages: ['x'] }, { messages, unknown: { a: [] } }],
  ];
}
