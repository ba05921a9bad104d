// A few visits of each kind under valgrind: nekod leaks no memory.
//
//     scripts/node tests/soak/leaks.mjs [VISITS]

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gateway, leadingTo, leadingToOpenai, simulator } from '../e2e/support.mjs';
import { Chance } from '../e2e/chance.mjs';
import { Visitor } from './traffic.mjs';

const visits = Number(process.argv[2] ?? 40);
const folder = mkdtempSync(join(tmpdir(), 'nekod-leaks-'));
const ends = [() => rmSync(folder, { recursive: true, force: true })];
const scope = { after: (f) => ends.unshift(f) };

async function look(kind, leading) {
  const log = join(folder, `${kind}.log`);
  const watched = ['--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite'];
  const valgrind = ['valgrind', ...watched, '--error-exitcode=9', `--log-file=${log}`];
  const sim = await simulator(scope, ['--tokens', '30']);
  const args = [...leading(sim), '--store', `sqlite:${join(folder, `${kind}.db`)}`, '--threads', '2'];
  const nekod = await gateway(scope, args, { limits: ['--core=0', ...valgrind] });
  const visitor = new Visitor({ sim, nekod, kind, chance: new Chance() });
  for (let i = 0; i < visits; ++i) await visitor.visit();
  nekod.kill();
  const { code } = await nekod.ended(120_000);
  console.log(`${kind}: ${JSON.stringify(visitor.counts)}`);
  console.log(readFileSync(log, 'utf8').split('\n').slice(code === 0 ? -12 : -400).join('\n'));
  return code === 0;
}

let clean = true;
try {
  for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai }))
    clean = (await look(kind, leading)) && clean;
} finally {
  for (const f of ends) await f();
}
console.log(clean ? 'leaks: none' : 'leaks: valgrind has complaints');
process.exitCode = clean ? 0 : 1;
