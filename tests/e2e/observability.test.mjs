// Metrics: every metric that the dashboard and the alert rules use exists, and every existing metric has a
// description and is shown.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after } from 'node:test';
import { pair, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after }, { nekod: ['--chat-rate-limit', '10 per day'] });

const text = (name) => readFileSync(new URL(`../../scripts/${name}`, import.meta.url), 'utf8');
const dashboard = JSON.parse(text('grafana/nekod.json'));

/// Every query of the dashboard, in panels and variables.
const shown = [
  ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr)),
  ...dashboard.templating.list.flatMap((variable) => variable.definition ?? []),
];

/// Every expression of the alert rules: everything between `expr:` and the next key.
const watched = [...text('prometheus/alerts.yml').matchAll(/^ +expr:([^]*?)^ +(?:for|labels):/gm)].map(
  ([, expr]) => expr,
);

/// The metrics in *expression*, each with the labels that it uses.
const named = (expression) =>
  [...expression.matchAll(/\b((?:anuneko|nekod|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, name, braces]) => [
    name,
    [...(braces ?? '').matchAll(/(\w+)(=~?|!=)"([^"]*)"/g)].map((match) => match.slice(1)),
  ]);

/// The families in `/metrics`: the help, the type and the samples' labels of each.
function parse(exposition) {
  const families = new Map();
  const family = (name) => {
    if (!families.has(name)) families.set(name, { samples: [] });
    return families.get(name);
  };
  for (const line of exposition.split('\n')) {
    const comment = line.match(/^# (HELP|TYPE) (\w+) (.+)$/);
    const sample = line.match(/^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$/);
    assert.ok(comment || sample || line === '', `what is this? ${line}`);
    if (comment) family(comment[2])[comment[1].toLowerCase()] = comment[3];
    if (!sample) continue;
    const [, name, labels, value] = sample;
    assert.ok(!Number.isNaN(Number(value.replace('Inf', 'Infinity'))) || value === 'NaN', line);
    const owner = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    assert.ok(owner, `${name} has neither HELP nor TYPE before it`);
    const pairs = (labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
    owner.samples.push({ name, labels: Object.fromEntries([...pairs].map((each) => each.slice(1))) });
  }
  return families;
}

async function scrape() {
  const response = await fetch(`${nekod.url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/plain; *version=0\.0\.4/);
  return parse(await response.text());
}

/// The samples by name; those of histograms under the names that queries use.
const samplesOf = (families) => [...families.values()].flatMap((family) => family.samples);

test('some traffic of every kind', async () => {
  await nekod.ask(unique(), { model: 'gpt-4o' });
  const stream = await nekod.stream(unique());
  await stream.rest();
  const leaving = await nekod.stream(`[sim tokens=200000 delay=5] ${unique()}`);
  await leaving.started();
  leaving.leave();
  await sim.quiet();
  await sim.fault({ call: 'stream', kind: 'html' });
  assert.equal((await nekod.post({ messages: [{ role: 'user', content: unique() }] })).status, 502);
  await until(
    async () => (await nekod.post({ messages: [{ role: 'user', content: unique() }] })).status === 429,
    'no limit',
  );
});

/// Figures of a store that several nekods share.
const sharedStoreOnly = [
  'nekod_limits_decided_alone_total',
  'nekod_store_links',
  'nekod_store_take_seconds_bucket',
  'nekod_store_waiting_turns',
];
const hasSharedStore = process.env.NEKOD_E2E_STORE === 'postgres';
/// Those of nodes that reach each other.
const clusterOnly = ['nekod_relayed_requests_total'];

test('what the dashboard and the alert rules ask for is there', async () => {
  const samples = samplesOf(await scrape());
  assert.ok(shown.length > 30 && watched.length > 8, 'the queries are found');
  for (const expression of [...shown, ...watched]) {
    for (const [name, matchers] of named(expression)) {
      const of = samples.filter((sample) => sample.name === name);
      if (sharedStoreOnly.includes(name) && !hasSharedStore) continue;
      if (clusterOnly.includes(name)) continue;
      assert.ok(of.length > 0, `there is no ${name}, for ${expression}`);
      for (const [label, operator, value] of matchers) {
        // Prometheus adds these two.
        if (label === 'job' || label === 'instance') continue;
        assert.ok(
          of.every((sample) => label in sample.labels),
          `${name} has no label ${label}`,
        );
        if (operator === '=' && label !== 'status')
          assert.ok(
            of.some((sample) => sample.labels[label] === value),
            `${name} has no ${label} ${value}`,
          );
      }
    }
  }
});

test('labels that the dashboard sums by are there', async () => {
  const samples = samplesOf(await scrape());
  for (const expression of [...shown, ...watched]) {
    const groups = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap((match) => match[1].split(/, */));
    for (const label of groups.filter((each) => !['job', 'instance'].includes(each))) {
      const names = named(expression).map(([name]) => name);
      if (names.some((name) => clusterOnly.includes(name))) continue;
      if (!hasSharedStore && names.some((name) => sharedStoreOnly.includes(name))) continue;
      const has = (name) => samples.some((sample) => sample.name === name && label in sample.labels);
      assert.ok(names.some(has), `none of ${names} has the label ${label}`);
    }
  }
});

test('every figure says what it is, and is shown', async () => {
  const families = await scrape();
  const used = new Set([...shown, ...watched].flatMap(named).map(([name]) => name));
  for (const [name, { help, type, samples }] of families) {
    assert.ok(help, `${name} has no HELP`);
    assert.match(type ?? '', /^(counter|gauge|histogram)$/, name);
    if (type === 'counter') assert.match(name, /_total$/);
    assert.ok(samples.length > 0, `${name} has no samples`);
    assert.ok(used.has(name) || used.has(`${name}_bucket`), `${name} is shown nowhere`);
  }
});

test('no client can make series', async () => {
  const series = async () =>
    samplesOf(await scrape()).map(({ name, labels }) => JSON.stringify([name, labels]));
  await series();
  const before = await series();
  for (let i = 0; i < 20; ++i) {
    await fetch(`${nekod.url}/${unique()}`, { method: i % 2 ? 'GET' : 'PROPFIND' });
    await fetch(`${nekod.url}/v1/models/${unique()}`);
    await fetch(`${nekod.url}/sessions/${unique()}`, { method: 'DELETE' });
  }
  const more = (await series()).filter((each) => !before.includes(each));
  // One for each new method, endpoint and status.
  assert.ok(more.length <= 8, more.join('\n'));
});
