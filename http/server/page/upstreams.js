// The upstreams and their accounts, as tables: what state each is in, since when, and when it is tried again.

import { h } from './dom.js';
import './service_text.js';
import { has, number, t } from './text.js';
import { duration } from './units.js';

const accountStates = ['working', 'refused', 'limited', 'unreachable'];

/// What the service calls a reason, in words.
export const reason = (name) => (has(`r_${name}`) ? t(`r_${name}`) : name.replaceAll('_', ' '));

export function table(head, rows) {
  const cells = (row) => row.map((cell) => h('td', {}, cell));
  return h('div', { class: 'table', tabindex: '0' }, h('table', {}, h('thead', {}, h('tr', {}, head.map((text) => h('th', { scope: 'col', text })))), h('tbody', {}, rows.map((row) => h('tr', {}, cells(row))))));
}

/// The time between two times of the service, in words.
const between = (from, to) => duration(Math.max(0, Math.round((to - from) / 1000)));

function circuitOf(each, { data: { time } }) {
  const good = each.circuit === 'closed';
  const words = `c_${each.circuit}`;
  const more = [];
  if (each.circuit_since) more.push(t('forTime', between(each.circuit_since, time)));
  if (each.next_probe) more.push(t('nextProbe', between(time, each.next_probe)));
  if (each.circuit === 'half_open') more.push(t('trialNext'));
  return [h('span', { class: good ? 'good' : 'bad', text: `${good ? '✓' : '!'} ${has(words) ? t(words) : each.circuit}` }), more.length > 0 && h('small', { class: 'since', text: more.join(', ') })];
}

/// A row for each upstream, of the samples *before* and *now*. *p95* tells how long 95 % of its calls took.
export function upstreams(now, before, p95) {
  const minutes = Math.max(1 / 60, (now.time - before.time) / 60_000);
  const head = ['upstream', 'circuit', 'accounts', 'reasons', 'callsPerMinute', 'p95', 'retries'];
  const rows = now.data.upstreams.map((each) => {
    const labels = { upstream: each.name };
    const since = (name, more) => now.sum(name, { ...labels, ...more }) - before.sum(name, { ...labels, ...more });
    const all = since('nekod_upstream_calls_total', {});
    const good = since('nekod_upstream_calls_total', { outcome: 'ok' });
    const counts = Object.entries(each.accounts).filter(([, count]) => count > 0).map(([state, count]) => `${number(count)} ${accountStates.includes(state) ? t(state) : state}`);
    const limits = each.limits.map((limit) => t('restsUntil', limit.model || t('accounts'), duration(limit.seconds)));
    return [
      each.name,
      circuitOf(each, now),
      counts.join(', ') || '–',
      [...each.reasons.map(reason), ...limits].join(', ') || '–',
      `${number(all / minutes, 1)} (${number((all - good) / minutes, 1)})`,
      p95(each.name),
      `${number(since('nekod_upstream_retries_total', {}))} (${number(since('nekod_upstream_retries_refused_total', {}))})`,
    ];
  });
  return table(head.map((name) => t(name)), rows);
}

function stateOf({ state, code }) {
  if (state === 'unknown') return [t('neverAsked')];
  const good = state === 'working';
  return [h('span', { class: good ? 'good' : 'bad', text: `${good ? '✓' : '!'} ${has(state) ? t(state) : state}` }), code && [' ', h('code', { text: code })]].flat();
}

/// A row for each account, by its label; nothing if this nekod does not tell of them.
export function accounts(now) {
  const { time } = now.data;
  const rows = now.data.upstreams.flatMap((each) =>
    (each.account_list ?? []).map((one, i) => [
      each.name,
      [`${number(i + 1)} `, h('small', { class: 'mono', text: one.id })],
      stateOf(one),
      one.since ? between(one.since, time) : '–',
      one.rests_until ? t('restsFor', between(time, one.rests_until)) : '–',
      number(one.turns),
      number(one.weight, 2),
    ]),
  );
  const head = ['upstream', 'account', 'state', 'stateFor', 'rests', 'turnsNow', 'weight'];
  return rows.length ? table(head.map((name) => t(name)), rows) : undefined;
}
