// The service at a glance: `GET /operations`, asked every two seconds while it is in view. Figures are counters; what
// is shown are their differences.

import { get } from './api.js';
import { h, loadStyle } from './dom.js';
import { copy } from './notice.js';
import { plot } from './plot.js';
import './service_text.js';
import { has, number, t } from './text.js';
import { bytes, clock, duration } from './units.js';
import { accounts, reason, table, upstreams } from './upstreams.js';

await loadStyle('service.css');

const period = 2000;
const window = 30 * 60_000;
const shortest = 15 * 60_000;

/// One answer of the service.
class Sample {
  constructor(data) {
    this.data = data;
    this.time = data.time;
  }

  series(name) {
    return this.data.figures[name]?.series ?? [];
  }

  /// The sum of the values of a figure that have these labels.
  sum(name, labels = {}) {
    const fits = (each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value);
    return this.series(name).filter(fits).reduce((sum, each) => sum + (each.value ?? each.count ?? 0), 0);
  }

  buckets(name, labels = {}) {
    const fits = (each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value);
    const found = this.series(name).filter(fits);
    const { bounds = [] } = this.data.figures[name] ?? {};
    const add = (i) => found.reduce((sum, each) => sum + (each.buckets[i] ?? each.count), 0);
    return { bounds, counts: bounds.map((_, i) => add(i)), total: found.reduce((sum, each) => sum + each.count, 0) };
  }
}

/// The bound below which that share of what was counted between two samples is; nothing if nothing was.
function quantile(share, name, labels, before, after) {
  const [a, b] = [before.buckets(name, labels), after.buckets(name, labels)];
  const total = b.total - a.total;
  if (total <= 0) return undefined;
  const i = b.counts.findIndex((count, at) => count - a.counts[at] >= share * total);
  return i < 0 ? `> ${duration(b.bounds.at(-1))}` : `≤ ${duration(b.bounds[i])}`;
}

export class Service {
  /// @param me Returns what the visitor's key is.
  constructor(root, me) {
    this.root = root;
    this.me = me;
    this.samples = [];
    this.failures = [];
    this.last = 0;
    this.filter = '';
    this.tick = this.tick.bind(this);
    document.addEventListener('visibilitychange', () => this.shown && !document.hidden && this.tick());
  }

  open() {
    this.shown = true;
    this.root.replaceChildren(h('p', { class: 'hint', text: t('noDataYet') }));
    this.parts = undefined;
    this.tick();
  }

  close() {
    this.shown = false;
    clearTimeout(this.timer);
  }

  async tick() {
    clearTimeout(this.timer);
    if (!this.shown || document.hidden) return;
    try {
      this.take(await get(`operations?after=${this.last}`));
      this.draw();
    } catch (error) {
      if (!this.shown) return;
      const text = error.status === 403 ? t('notAllowed') : error.status === 404 ? t('noOperations') : error.code === 'network' ? t('network') : error.message;
      this.root.replaceChildren(h('p', { class: 'error', role: 'alert', text }));
      this.parts = undefined;
      if (error.status === 403 || error.status === 404) return;
    }
    this.timer = setTimeout(this.tick, period);
  }

  take(data) {
    if (this.samples.length && this.samples.at(-1).data.started !== data.started) {
      this.samples = [];
      this.failures = [];
    }
    this.samples.push(new Sample(data));
    while (this.samples[0].time < data.time - window) this.samples.shift();
    this.failures = [...this.failures, ...data.failures.data].slice(-200);
    this.last = data.failures.last;
  }

  /// The sample that is that old, or the oldest.
  before(age) {
    const time = this.samples.at(-1).time - age;
    return this.samples.find((each) => each.time >= time);
  }

  /// Sixty values over the last minutes of what *value* says of two samples, the earlier first.
  over(value) {
    const recent = this.samples.filter((each) => each.time >= this.samples.at(-1).time - shortest);
    const stride = Math.max(1, Math.ceil(recent.length / 60));
    const picked = recent.filter((_, i) => (recent.length - 1 - i) % stride === 0);
    const times = picked.slice(1).map((each) => each.time);
    return { times, values: picked.slice(1).map((each, i) => value(picked[i], each)) };
  }

  rate(name, labels, per = 1) {
    return this.over((a, b) => (Math.max(0, b.sum(name, labels) - a.sum(name, labels)) / (b.time - a.time)) * 1000 * per);
  }

  draw() {
    if (!this.parts) {
      const names = ['state', 'now', 'turns', 'upstreams', 'sessions', 'failures'];
      this.parts = Object.fromEntries(names.map((name) => [name, h('section', { class: `service-${name}` })]));
      this.root.replaceChildren(...Object.values(this.parts));
      this.drawFailureFrame();
      if (this.me()?.keys) this.addKeys();
    }
    const now = this.samples.at(-1);
    const before = this.before(shortest);
    const p95 = (upstream) => quantile(0.95, 'nekod_upstream_call_seconds', { upstream }, before, now) ?? '–';
    this.parts.state.replaceChildren(...this.state(now));
    this.parts.now.replaceChildren(h('h2', { text: t('now') }), h('div', { class: 'tiles' }, this.tiles(now)), h('div', { class: 'plots' }, this.plots()));
    this.parts.turns.replaceChildren(h('h2', { text: `${t('turnsByOutcome')} · ${t('lastMinutes', 15)}` }), h('div', { class: 'plots' }, this.turns()));
    this.parts.upstreams.replaceChildren(h('h2', { text: t('upstreams') }), upstreams(now, before, p95), accounts(now) ?? '');
    this.parts.sessions.replaceChildren(h('h2', { text: t('sessionsHere') }), h('div', { class: 'tiles' }, this.sessionTiles(now)));
    this.drawFailures();
  }

  state({ data }) {
    const ready = data.status === 'ready';
    const reasons = data.reasons.map((each) => (each === 'draining' ? t('draining') : reason(each)));
    return [
      h('p', { class: `verdict ${ready ? 'good' : 'bad'}`, role: 'status' }, h('span', { class: 'sign', 'aria-hidden': 'true', text: ready ? '✓' : '!' }), t(ready ? 'ready' : 'notReady'), reasons.length ? `: ${reasons.join(', ')}` : ''),
      h('p', { class: 'hint', text: `${t('version', data.version)} · ${t('upFor', duration((data.time - data.started) / 1000))}` }),
    ];
  }

  tile(label, value, limit) {
    return h('div', { class: 'tile' }, h('span', { text: label }), h('b', { text: value }), limit && h('small', { text: limit }));
  }

  gauge(now, label, name, limit, show = number) {
    return this.tile(label, show(now.sum(name)), limit ? t('ofLimit', show(limit)) : '');
  }

  tiles(now) {
    const { limits } = now.data;
    const first = (age, share) => quantile(share, 'nekod_time_to_first_token_seconds', {}, this.before(age), now) ?? '–';
    return [
      this.gauge(now, t('streams'), 'nekod_open_streams', limits.requests),
      this.gauge(now, t('requests'), 'nekod_open_requests', limits.requests),
      this.gauge(now, t('connections'), 'nekod_open_connections', limits.connections),
      this.gauge(now, t('memory'), 'process_resident_memory_bytes', limits.memory, bytes),
      this.gauge(now, t('buffered'), 'nekod_buffered_bytes', limits.buffered, bytes),
      this.tile(t('stalls'), number(now.sum('nekod_credit_stalls_total'))),
      this.tile(`${t('firstText')}, 50\u00a0%`, first(60_000, 0.5), `${t('lastMinutes', 15)}: ${first(shortest, 0.5)}`),
      this.tile(`${t('firstText')}, 95\u00a0%`, first(60_000, 0.95), `${t('lastMinutes', 15)}: ${first(shortest, 0.95)}`),
    ];
  }

  plots() {
    const one = (title, { times, values }, show) => plot(title, times, [{ name: title, kind: 'plain', values }], show);
    const digits = (value) => number(value, 1);
    return [
      one(t('turnsPerMinute'), this.rate('nekod_turns_total', {}, 60), digits),
      one(t('piecesPerSecond'), this.rate('nekod_time_between_chunks_seconds', {}), digits),
      one(t('streams'), this.over((_, b) => b.sum('nekod_open_streams')), number),
      one(t('memory'), this.over((_, b) => b.sum('process_resident_memory_bytes')), bytes),
    ];
  }

  turns() {
    const outcomes = ['answered', 'failed', 'cancelled', 'refused'];
    const counts = outcomes.map((outcome) => this.over((a, b) => Math.max(0, b.sum('nekod_turns_total', { outcome }) - a.sum('nekod_turns_total', { outcome }))));
    const series = outcomes.map((outcome, i) => {
      const { values } = counts[i];
      return { name: t(outcome), kind: outcome, values, total: values.reduce((sum, value) => sum + value, 0) };
    });
    const [first, now] = [this.before(shortest), this.samples.at(-1)];
    const failed = now.series('nekod_turn_failures_total').map(({ labels, value }) => {
      const before = first.sum('nekod_turn_failures_total', labels);
      return [Object.values(labels).join(' '), value - before];
    });
    const list = failed.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
    return [plot(t('turnsByOutcome'), counts[0].times, series, number), h('ul', { class: 'codes' }, list.map(([code, count]) => h('li', {}, h('code', { text: code }), ` ${number(count)}`)))];
  }

  sessionTiles(now) {
    const before = this.before(shortest);
    const commit = (share) => quantile(share, 'nekod_store_commit_seconds', {}, before, now) ?? '–';
    const match = ({ labels: { match: rule }, value }) => (has(`m_${rule}`) ? t(`m_${rule}`, number(value)) : `${rule} ${number(value)}`);
    const matches = now.series('nekod_session_match_total').filter(({ value }) => value > 0).map(match);
    return [
      this.tile(t('inMemory'), number(now.sum('nekod_sessions'))),
      this.tile(t('stored'), number(now.sum('nekod_stored_sessions'))),
      this.tile(t('commits'), commit(0.5), `95\u00a0%: ${commit(0.95)}`),
      this.tile(t('repeats'), `${t('joined')} ${number(now.sum('nekod_repeated_requests_total', { outcome: 'joined' }))}`, `${t('replayed')} ${number(now.sum('nekod_repeated_requests_total', { outcome: 'replayed' }))}`),
      this.tile(t('foundBy'), number(now.sum('nekod_session_match_total')), matches.join(', ')),
    ];
  }

  async addKeys() {
    const place = h('section', { class: 'service-keys' });
    this.root.append(place);
    const { Keys } = await import('./keys.js');
    new Keys(place);
  }

  drawFailureFrame() {
    const input = h('input', { type: 'search', placeholder: t('filter'), 'aria-label': t('filter'), value: this.filter });
    input.addEventListener('input', () => {
      this.filter = input.value;
      this.drawFailures();
    });
    this.failureList = h('div', {});
    this.parts.failures.replaceChildren(h('h2', { text: t('failures') }), input, this.failureList);
  }

  drawFailures() {
    const words = this.filter.trim().toLowerCase();
    const found = this.failures.filter((each) => !words || Object.values(each).join(' ').toLowerCase().includes(words)).reverse();
    const newest = `${words}|${found[0]?.number ?? 0}`;
    if (this.drawn === newest && this.failureList.firstChild) return;
    this.drawn = newest;
    const rows = found.map((each) => [
      clock(new Date(each.time)),
      h('button', { type: 'button', class: 'plain mono', title: t('copy'), onclick: () => copy(each.request_id), text: each.request_id }),
      each.endpoint ?? '–',
      h('code', { text: `${each.status || '–'} ${each.code}` }),
      each.model ?? '–',
      each.upstream ?? '–',
      each.tenant ?? '–',
      duration(each.duration / 1000),
    ]);
    const head = ['time', 'request', 'endpoint', 'code', 'model', 'upstream', 'tenant', 'duration'];
    this.failureList.replaceChildren(rows.length ? table(head.map((name) => t(name)), rows) : h('p', { class: 'hint', text: t('noFailures') }));
  }
}
