// The agents: how each is configured for a server with the OpenAI API, and run without a person.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const model = 'scripted';

/// Writes a settings file and the folders above it.
function write(file, settings) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(settings));
}

/// Each agent has the name of its tool that reads a file, and
/// - `missing`: why it cannot run here; undefined if it can
/// - `reading(file)`: that tool's arguments
/// - `start(home, url, words, goesOn)`: the command that makes it work on *words*, and variables for it. *url*
///   ends in `/v1`; *goesOn*: whether it continues its last conversation.
const opencode = {
  tool: 'read',
  program: join(packages, 'opencode-linux-x64-baseline/bin/opencode'),
  get missing() {
    return existsSync(this.program) ? undefined : 'its package is for x86-64 alone';
  },
  reading: (file) => ({ filePath: file }),
  start(home, url, words, goesOn) {
    const server = {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: url, apiKey: 'any' },
      models: { [model]: { tool_call: true, limit: { context: 100_000, output: 1_000 } } },
    };
    const settings = { provider: { nekod: server }, model: `nekod/${model}`, small_model: `nekod/${model}` };
    const folder = join(home, '.config/opencode');
    write(join(folder, 'opencode.json'), { ...settings, autoupdate: false, share: 'disabled' });
    // Without these two it would fetch a package for plugins through npm at each start.
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    write(join(folder, 'package-lock.json'), { packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } });
    const quiet = ['AUTOUPDATE', 'MODELS_FETCH', 'LSP_DOWNLOAD', 'DEFAULT_PLUGINS', 'SHARE'];
    return {
      command: [this.program, 'run', ...(goesOn ? ['--continue'] : []), words],
      env: Object.fromEntries(quiet.map((name) => [`OPENCODE_DISABLE_${name}`, '1'])),
    };
  },
};

const qwen_code = {
  tool: 'read_file',
  reading: (file) => ({ file_path: file }),
  start(home, url, words, goesOn) {
    const privacy = { privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false } };
    write(join(home, '.qwen/settings.json'), { general: { enableAutoUpdate: false }, ...privacy });
    const args = ['--auth-type', 'openai', '--yolo', ...(goesOn ? ['--continue'] : []), words];
    return {
      command: [process.execPath, join(packages, '@qwen-code/qwen-code/cli-entry.js'), ...args],
      // One process, which ends with its test.
      env: { OPENAI_BASE_URL: url, OPENAI_API_KEY: 'any', OPENAI_MODEL: model, QWEN_CODE_NO_RELAUNCH: '1' },
    };
  },
};

const pi = {
  tool: 'read',
  reading: (file) => ({ path: file }),
  start(home, url, words, goesOn) {
    const server = { baseUrl: url, api: 'openai-completions', apiKey: 'any', models: [{ id: model }] };
    write(join(home, 'pi/models.json'), { providers: { nekod: server } });
    const args = ['--provider', 'nekod', '--model', model, ...(goesOn ? ['--continue'] : []), '--print', words];
    return {
      command: [process.execPath, join(packages, '@mariozechner/pi-coding-agent/dist/cli.js'), ...args],
      env: { PI_CODING_AGENT_DIR: join(home, 'pi'), PI_OFFLINE: '1', PI_TELEMETRY: '0' },
    };
  },
};

export const agents = { opencode, qwen_code, pi };
