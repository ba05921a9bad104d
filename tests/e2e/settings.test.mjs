// Sources of settings, what is refused before anything starts, and how settings are shown.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { certificate, gateway, leadingTo, runToEnd, simulator, temporaryFolder, unique } from './support.mjs';

const simulated = ['--upstream', 'simulator', '--port', '0'];

/// The settings that nekod says are in force, by name.
async function shown(t, args, options) {
  const { code, log } = await runToEnd(t, [...args, '--check-config'], options);
  assert.equal(code, 0, log);
  return Object.fromEntries(
    log
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
  );
}

test('--check-config shows each setting of --help as TOML, and starts nothing', async (t) => {
  const all = await shown(t, ['--upstream', 'simulator', '--rate-limit', '10 per minute', '--model-alias', 'a=b,c=d']);
  assert.equal(all.port, '8000');
  assert.equal(all.hsts, '31536000');
  assert.equal(all['rate-limit'], '"10 per minute"');
  assert.equal(all['model-alias'], '["a=b", "c=d"]');
  const help = (await runToEnd(t, ['--help'])).log;
  const flags = [...help.matchAll(/^ +--([a-z0-9-]+)/gm)].map((match) => match[1]);
  const notSettings = ['help', 'version', 'config', 'check-config'];
  const unset = ['tls-redirect-port'];
  assert.deepEqual([...Object.keys(all), ...unset].sort(), flags.filter((f) => !notSettings.includes(f)).sort());
});

test('what --check-config shows can be read again, and is the same', async (t) => {
  const args = ['--upstream', 'simulator', '--model-alias', 'a=b,c=d', '--heartbeat', '2.5', '--host', '::1'];
  const { log } = await runToEnd(t, [...args, '--check-config']);
  const again = await runToEnd(t, ['--config', 'shown.toml', '--check-config'], { home: { 'shown.toml': log } });
  assert.equal(again.log, log);
});

test('secrets are masked', async (t) => {
  const given = ['--anuneko-token', 'very-secret', '--anuneko-cookie', 'sid=also-secret', '--cluster-secret', 'the-secret-of-nodes'];
  const all = await shown(t, given);
  for (const name of ['anuneko-token', 'anuneko-cookie', 'cluster-secret']) assert.equal(all[name], '"***"');
  assert.ok(!JSON.stringify(Object.values(all)).includes('secret'));
});

test('a credential is weaker than the environment, and stronger than .env', async (t) => {
  const sim = await simulator(t);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'anuneko-token'), 'secret-token\n');
  const args = ['--anuneko-url', `${sim.url}/api/v1`, '--port', '0'];
  const options = { env: { CREDENTIALS_DIRECTORY: folder }, home: { '.env': 'ANUNEKO_TOKEN=wrong\n' } };
  const nekod = await gateway(t, args, options);
  await nekod.ask(unique());
  const wrong = await gateway(t, args, { ...options, env: { ...options.env, ANUNEKO_TOKEN: 'wrong' } });
  assert.equal((await wrong.post({ messages: [{ role: 'user', content: 'hello' }] })).status, 502);
});

test('every wrong value is refused by name, whichever way it came', async (t) => {
  const wrong = [
    ['--rate-limit', '10 per fortnight', 'RATE_LIMIT'],
    ['--chat-rate-limit', '0 per minute', 'CHAT_RATE_LIMIT'],
    ['--trusted-proxies', '10.0.0.0/33', 'NEKOD_TRUSTED_PROXIES'],
    ['--max-header-size', '70000', 'NEKOD_MAX_HEADER_SIZE'],
    ['--max-url-size', '1', 'NEKOD_MAX_URL_SIZE'],
    ['--read-timeout', '0', 'NEKOD_READ_TIMEOUT'],
    ['--models-age', 'old', 'NEKOD_MODELS_AGE'],
    ['--upstream-proxy', '127.0.0.1:3128', 'NEKOD_UPSTREAM_PROXY'],
    ['--upstream-ca', '/no/such/file', 'NEKOD_UPSTREAM_CA'],
    ['--log-format', 'xml', 'LOG_FORMAT'],
    ['--log-level', 'loud', 'LOG_LEVEL'],
    ['--tls-redirect-port', '70000', 'NEKOD_TLS_REDIRECT_PORT'],
    ['--hsts', '-1', 'NEKOD_HSTS'],
    ['--port', 'http', 'FLASK_PORT'],
    ['--api-keys', '/no/such/file', 'NEKOD_API_KEYS'],
    ['--model-alias', 'nameless', 'MODEL_MAPPING'],
    ['--heartbeat', 'nan', 'NEKOD_HEARTBEAT'],
    ['--answer-timeout', 'inf', 'NEKOD_ANSWER_TIMEOUT'],
    ['--api-keys', '/tmp', 'NEKOD_API_KEYS'],
    ['--log-name', '../x.log', 'LOG_NAME'],
    ['--max-memory', '-1', 'NEKOD_MAX_MEMORY'],
    ['--max-memory', '99999999999999999999999', 'NEKOD_MAX_MEMORY'],
    ['--retry-budget', 'nan', 'NEKOD_RETRY_BUDGET'],
  ];
  for (const [flag, value, variable] of wrong) {
    const ways = [
      [[...simulated.filter((word, i) => flag !== '--port' || i < 2), flag, value], {}],
      [flag === '--port' ? ['--upstream', 'simulator'] : simulated, { env: { [variable]: value } }],
      [
        ['--upstream', 'simulator', '--config', 'wrong.toml'],
        { home: { 'wrong.toml': `${flag.slice(2)} = "${value}"\n` } },
      ],
    ];
    for (const [args, options] of ways) {
      const { code, log } = await runToEnd(t, args, options);
      assert.equal(code, 2, `${flag} ${value}: ${log}`);
      assert.ok(log.includes(flag), `${flag} ${value}: ${log}`);
      assert.doesNotMatch(log, /listening on/);
    }
  }
});

test('a flag without its value does not take the next one for it', async (t) => {
  const { code, log } = await runToEnd(t, [...simulated, '--anuneko-cookie=', '--check-config']);
  assert.equal(code, 2, log);
  assert.match(log, /--anuneko-cookie needs a value/);
});

test('a secret that would be two lines of HTTP is refused, and not told', async (t) => {
  const secret = 'a-secret\r\nX-Injected: 1';
  const ways = [
    [['--anuneko-token', secret], {}],
    [[], { env: { ANUNEKO_TOKEN: secret } }],
    [['--upstream', 'openai', '--openai-url', 'http://127.0.0.1:1/v1', '--openai-key', secret], {}],
  ];
  for (const [args, options] of ways) {
    const { code, log } = await runToEnd(t, args, options);
    assert.equal(code, 2, log);
    assert.match(log, /--(anuneko-token|openai-key): contains a line end/);
    assert.doesNotMatch(log, /a-secret|X-Injected/);
  }
});

test('the file of the operator\'s guide is one that nekod takes', async (t) => {
  const guide = join(dirname(fileURLToPath(import.meta.url)), '../../scripts/OPERATING.md');
  const [, toml] = readFileSync(guide, 'utf8').match(/```toml\n([^]*?)```/);
  const options = { home: { 'nekod.toml': toml }, env: { ANUNEKO_TOKEN: 'one', CLOUD_KEY: 'two' } };
  const { code, log } = await runToEnd(t, ['--config', 'nekod.toml', '--check-config'], options);
  assert.equal(code, 0, log);
  for (const name of ['cats', 'local', 'cloud']) assert.match(log, new RegExp(`upstreams\\.${name}\\b`));
});

test('the file may have comments anywhere, and lists on several lines', async (t) => {
  const toml = `
port = 0 # any
log-name = "a#b.log" # no comment in quotes
model-alias = [
  "one=Orange Cat", # the first
  "two=Exotic Shorthair",
]
`;
  const found = await shown(t, ['--upstream', 'simulator', '--config', 'nekod.toml'], { home: { 'nekod.toml': toml } });
  assert.equal(found.port, '0');
  assert.equal(found['log-name'], '"a#b.log"');
  assert.equal(found['model-alias'], '["one=Orange Cat", "two=Exotic Shorthair"]');
});

test('strings of the file are what TOML says', async (t) => {
  const cases = [
    [String.raw`log-name = "a\u00e9\U0001F408\"\\.log"`, String.raw`"aé🐈\"\\.log"`],
    [String.raw`log-name = 'C:\new.log'`, String.raw`"C:\\new.log"`],
    [`log-name = """a"b.log"""`, String.raw`"a\"b.log"`],
    [`log-name = \'\'\'\na\'b.log\'\'\'`, `"a'b.log"`],
    [`"log-name" = "x.log"`, `"x.log"`],
    [`\ufeff# made by Notepad\r\nlog-name = "x.log"\r\n`, `"x.log"`],
  ];
  for (const [text, name] of cases) {
    const found = await shown(t, ['--upstream', 'simulator', '--config', 'n.toml'], { home: { 'n.toml': text } });
    assert.equal(found['log-name'], name, text);
  }
  const numbers = 'port = 8_080\nheartbeat = 0x10\nsession-ttl = 1e3\ndebug = true\n';
  const found = await shown(t, ['--upstream', 'simulator', '--config', 'n.toml'], { home: { 'n.toml': numbers } });
  assert.deepEqual([found.port, found.heartbeat, found['session-ttl'], found.debug], ['8080', '16', '1000', 'true']);
});

test('what is no TOML, or no setting, is refused by its line, and never taken literally', async (t) => {
  const cases = [
    ['port = 1\nlog-name = "open\n', 2],
    ["log-name = 'open\nport = 1\n", 1],
    ['\n\nlog-name = "\\q"\n', 3],
    ['port = 1\nport = 2\n', 2],
    ['port = 8000 9000\n', 1],
    ['\nlog-name = name\n', 2],
    ['heartbeat = 2026-11-29\n', 1],
    ['model-alias = [["a=b"]]\n', 1],
    ['port = 1\n[server]\nhost = "x"\n', 3],
    ['log.level = "debug"\n', 1],
    ['\nlog = { level = "debug" }\n', 2],
    ['[[upstreams]]\nname = "x"\n', 1],
    ['\n[upstreams.x]\nkind = "openai"\nurl = "http://x/v1"\ncolour = "red"\n', 5],
    ['port = 1\n[upstreams.x]\n', 2],
    ['port = 1\n[.x]\n', 2],
    ['\n\n[é]\n', 3],
    ['log-name = "a\\u0000b"\n', 1],
    ['port = [1, 2]\n', 1],
    ['config = "other.toml"\n', 1],
    ['\nport = "http"\n', 2],
  ];
  for (const [text, line] of cases) {
    const { code, log } = await runToEnd(t, ['--upstream', 'simulator', '--config', 'n.toml'], { home: { 'n.toml': text } });
    assert.equal(code, 2, `${text}: ${log}`);
    assert.match(log, new RegExp(`\\bline ${line}\\b`), text);
  }
});

test('the file may be named by NEKOD_CONFIG, and has to be there then, too', async (t) => {
  const found = await shown(t, ['--upstream', 'simulator'], { env: { NEKOD_CONFIG: 'n.toml' }, home: { 'n.toml': 'port = 1\n' } });
  assert.equal(found.port, '1');
  const { code, log } = await runToEnd(t, simulated, { env: { NEKOD_CONFIG: '/no/such.toml' } });
  assert.equal(code, 2, log);
  assert.match(log, /\/no\/such\.toml/);
});

test('a wrong value is told with where it came from', async (t) => {
  for (const [args, options, words] of [
    [[], { env: { NEKOD_HEARTBEAT: 'often' } }, /--heartbeat.*\(from NEKOD_HEARTBEAT\)/],
    [[], { home: { '.env': '\nexport NEKOD_HEARTBEAT="often"\n' } }, /--heartbeat.*\(from line 2 of \.env, NEKOD_HEARTBEAT\)/],
    [['--config', 'n.toml'], { home: { 'n.toml': '\nheartbeat = "often"\n' } }, /--heartbeat.*\(from line 2 of n\.toml\)/],
    [[], { env: { NEKOD_API_KEYS: '/no/such' } }, /--api-keys \(from NEKOD_API_KEYS\): cannot read \/no\/such: No such file/],
    [[], { env: { LOG_PATH: '/proc/none/x.log' } }, /--log-path \(from LOG_PATH\)/],
    [[], { env: { NEKOD_STORE: 'sqlite:/proc/none/x.db' } }, /--store \(from NEKOD_STORE\)/],
    [[], { env: { TLS_CERT: '/no/such', TLS_KEY: '/no/such' } }, /--tls-cert \(from TLS_CERT\): cannot read/],
  ]) {
    const { code, log } = await runToEnd(t, [...simulated, ...args], options);
    assert.equal(code, 2, log);
    assert.match(log, words);
  }
  const { log } = await runToEnd(t, [...simulated, '--heartbeat', 'often'], { env: { NEKOD_HEARTBEAT: '5' } });
  assert.doesNotMatch(log, /\(from/);
});

test('a .env that Notepad wrote is read from its first line', async (t) => {
  const text = '\ufeffNEKOD_UPSTREAM=simulator\r\nexport PORT="0"\r\nNEKOD_STORE=memory\r\n';
  const nekod = await gateway(t, [], { home: { '.env': text } });
  await nekod.ask(unique());
});

test('a key in the file that is no setting is refused', async (t) => {
  const { code, log } = await runToEnd(t, [...simulated, '--config', 'nekod.toml'], { home: { 'nekod.toml': 'prot = 1\n' } });
  assert.equal(code, 2);
  assert.match(log, /prot/);
});

test('a setting of one value takes one from the file', async (t) => {
  const files = ['trusted-proxies = ["10.0.0.0/8", "::1"]\n', 'trusted-proxies = "::1"\ntrusted-proxies = "::2"\n', 'port = ""\n'];
  for (const text of files) {
    const { code, log } = await runToEnd(t, ['--upstream', 'simulator', '--config', 'nekod.toml'], { home: { 'nekod.toml': text } });
    assert.equal(code, 2, text);
    assert.ok(log.includes(`--${text.split(' ')[0]}`), log);
  }
});

test('a file that cannot be read is named', async (t) => {
  const { code, log } = await runToEnd(t, [...simulated, '--config', '/no/such.toml']);
  assert.equal(code, 2);
  assert.match(log, /\/no\/such\.toml/);
});

test('certificates that will not do are refused by name', async (t) => {
  const one = certificate(t);
  const other = certificate(t);
  const cases = [
    [['--tls-cert', one.cert], /--tls-key/],
    [['--tls-key', one.key], /--tls-cert/],
    [['--tls-redirect-port', '0'], /--tls-redirect-port/],
    [['--tls-cert', '/no/such.pem', '--tls-key', one.key], /\/no\/such\.pem/],
    [['--tls-cert', one.cert, '--tls-key', other.key], /has no key for/],
    [['--tls-cert', one.key, '--tls-key', one.key], /has no certificate/],
    [['--tls-cert', one.cert, '--tls-key', one.cert], /has no key/],
  ];
  for (const [args, words] of cases) {
    const { code, log } = await runToEnd(t, [...simulated, ...args]);
    assert.equal(code, 2, log);
    assert.match(log, words);
  }
});

test('a key file with a mistake is refused with its line, and without what stands there', async (t) => {
  const home = { 'keys.txt': '# keys\nalice sha256:abcdef-very-secret\n' };
  const { code, log } = await runToEnd(t, [...simulated, '--api-keys', 'keys.txt'], { home });
  assert.equal(code, 2);
  assert.match(log, /--api-keys.*keys\.txt.*line 2/);
  assert.ok(!log.includes('very-secret'));
});

test('a log file that cannot be written is refused by name', async (t) => {
  const { code, log } = await runToEnd(t, [...simulated, '--log-path', '/proc/no-such-folder']);
  assert.equal(code, 2);
  assert.match(log, /--log-path.*\/proc\/no-such-folder/);
});

test('MODEL_MAPPING gives models other names', async (t) => {
  const sim = await simulator(t);
  const env = { MODEL_MAPPING: 'gpt-4=Exotic Shorthair,cat=mihoyo-orange_cat' };
  const nekod = await gateway(t, leadingTo(sim), { env });
  const { data } = await (await fetch(`${nekod.url}/v1/models`)).json();
  assert.deepEqual(
    data.map((model) => [model.id, model.anuneko_model]),
    [
      ['mihoyo-orange_cat', 'Orange Cat'],
      ['mihoyo-exotic_shorthair', 'Exotic Shorthair'],
      ['gpt-4', 'Exotic Shorthair'],
      ['cat', 'Orange Cat'],
    ],
  );
  const text = unique();
  const { json } = await nekod.ask(text, { model: 'gpt-4' });
  assert.equal(json.model, 'gpt-4');
  assert.equal((await sim.chatWith(text)).model, 'Exotic Shorthair');
});

test('an address that others reach, without keys, is warned of', async (t) => {
  const open = await gateway(t, ['--upstream', 'simulator', '--host', '0.0.0.0', '--port', '0']);
  await open.logged(/warning .*--api-keys/);
  const closed = await gateway(t, simulated);
  assert.doesNotMatch(closed.log, /--api-keys/);
});
