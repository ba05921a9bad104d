// Checks the structure of the C++ sources, and names each fault in a line:
//
//   - units (a header and its source count as one) that include each other in a cycle
//   - includes against the order of the folders
//   - folders with too many units (but in bench), and too many files at the top
//   - classes with too many functions
//
//   scripts/node scripts/structure.mjs
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const mostFilesAtTop = 11;
const mostUnitsInFolder = 16;
const mostFunctionsInClass = 25;

/** What the files of a folder may include besides those of the folder itself; the first that fits a file counts. */
const order = [
  ['protocol/chat/', ['protocol/text/', 'protocol/result.hpp']],
  ['protocol/', []],
  ['actors/runtime/', ['protocol/']],
  ['actors/', ['protocol/']],
  ['http/client/', ['protocol/', 'actors/']],
  ['http/server/api/', ['protocol/', 'actors/', 'http/server/']],
  ['http/server/watch/', ['protocol/', 'actors/', 'http/server/']],
  ['http/server/', ['protocol/', 'actors/runtime/']],
  ['http/', []],
  ['bench/simulator/', ['protocol/', 'http/server/']],
  ['bench/load/', ['protocol/']],
  ['bench/micro/', ['protocol/', 'actors/', 'tests/unit/support/']],
  ['bench/', ['bench/', 'protocol/']],
  // The top: everything, and of the simulator one header.
  ['', ['protocol/', 'actors/', 'http/', 'bench/simulator/service.hpp']],
];

/** Faults that are there for now, whatever their numbers. A fault that is listed and gone is a fault, too. */
const known = new Set([
]);

const git = (...args) => execFileSync('git', ['-C', top, ...args], { encoding: 'utf8' }).split('\0').filter(Boolean);

const files = git('ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.cpp', '*.hpp').filter(
  (file) => !file.startsWith('tests/') && existsSync(path.join(top, file)),
);
const sources = new Map(files.map((file) => [file, readFileSync(path.join(top, file), 'utf8')]));

const faults = [];
const fault = (text) => faults.push(text);

const unitOf = (file) => file.replace(/\.[ch]pp$/, '');
const folderOf = (file) => (file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '');
const includesOf = (text) => [...text.matchAll(/^#include "([^"]+)"/gm)].map((m) => m[1]);

function checkOrder() {
  for (const [file, text] of sources) {
    const [folder, allowed] = order.find(([prefix]) => file.startsWith(prefix));
    for (const include of includesOf(text)) {
      const own = folder === '' ? !include.includes('/') : include.startsWith(folder);
      if (!own && !allowed.some((prefix) => include.startsWith(prefix))) fault(`${file} includes ${include}`);
    }
  }
}

/** Units by name, each with those that it includes. */
function unitGraph() {
  const graph = new Map(files.map((file) => [unitOf(file), new Set()]));
  for (const [file, text] of sources)
    for (const include of includesOf(text)) {
      const unit = unitOf(include);
      if (graph.has(unit) && unit !== unitOf(file)) graph.get(unitOf(file)).add(unit);
    }
  return graph;
}

/** Sets of units that reach each other (Tarjan's algorithm). */
function cyclesOf(graph) {
  const found = [];
  const order = new Map();
  const lowest = new Map();
  const stack = [];
  const visit = (unit) => {
    order.set(unit, order.size);
    lowest.set(unit, order.get(unit));
    stack.push(unit);
    for (const next of graph.get(unit))
      if (!order.has(next)) {
        visit(next);
        lowest.set(unit, Math.min(lowest.get(unit), lowest.get(next)));
      } else if (stack.includes(next)) {
        lowest.set(unit, Math.min(lowest.get(unit), order.get(next)));
      }
    if (lowest.get(unit) !== order.get(unit)) return;
    const cycle = stack.splice(stack.indexOf(unit));
    if (cycle.length > 1) found.push(cycle.sort());
  };
  for (const unit of graph.keys()) if (!order.has(unit)) visit(unit);
  return found;
}

function checkCycles() {
  for (const cycle of cyclesOf(unitGraph())) fault(`cycle of ${cycle.join(', ')}`);
}

function checkFolders() {
  const atTop = files.filter((file) => !file.includes('/'));
  if (atTop.length > mostFilesAtTop) fault(`${atTop.length} C++ files at the top, more than ${mostFilesAtTop}`);
  const units = new Map();
  const product = files.filter((file) => !file.startsWith('bench/'));
  for (const unit of new Set(product.map(unitOf))) units.set(folderOf(unit), (units.get(folderOf(unit)) ?? 0) + 1);
  for (const [folder, count] of units)
    if (count > mostUnitsInFolder) fault(`${folder} has ${count} units, more than ${mostUnitsInFolder}`);
}

/** Comments, texts and directives as blanks, so that braces and parentheses left are the code's. */
const bare = (text) =>
  text
    .replace(/R"(\w*)\([^]*?\)\1"/g, '""')
    .replace(/\/\/[^\n]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'/g, (m) => (m[0] === '/' ? ' ' : '""'))
    .replace(/^[ \t]*#(?:[^\n\\]|\\.|\\\n)*/gm, '');

/** Whether a member's declaration, without its body, is that of a function that somebody wrote. */
function isFunction(declaration) {
  let text = declaration.replace(/\b(public|protected|private):/g, ' ').replace(/\[\[[^\]]*\]\]/g, ' ');
  for (let before; before !== text; ) {
    before = text;
    text = text.replace(/<[^<>()=]*(?:\([^()]*\)[^<>()=]*)*>/g, ' ');
  }
  if (/^\s*(using|friend|typedef|static_assert|enum|class|struct|union)\b/.test(text)) return false;
  if (/=\s*(default|delete)\s*$/.test(text)) return false;
  const head = text.split(/=(?!=)/)[0];
  return /(\boperator\s*\S+|~?\b\w+)\s*\(/.test(/\boperator\b/.test(text) ? text : head);
}

/** The classes in *text* with how many functions each has. */
function classesOf(text) {
  const found = [];
  const code = bare(text);
  /** For each open brace: the class it opens, or null. */
  const open = [];
  let declaration = '';
  const member = () => {
    const current = open.at(-1);
    if (current && isFunction(declaration)) current.functions += 1;
    declaration = '';
  };
  for (let i = 0; i < code.length; ++i) {
    const c = code[i];
    if (c === '{') {
      const opened = /\b(?:class|struct)\s+(?:\[\[.*?\]\]\s*)?([\w:]+)(?:\s+final)?\s*(?::[^:;()][^;()]*)?$/.exec(declaration);
      if (opened && !/\benum\s+(class|struct)\b/.test(declaration)) {
        open.push({ name: opened[1], functions: 0 });
        found.push(open.at(-1));
      } else {
        if (open.at(-1) && isFunction(declaration)) open.at(-1).functions += 1;
        open.push(null);
      }
      declaration = '';
    } else if (c === '}') {
      open.pop();
      // What follows a body is another member; what follows an initial value is the rest of one.
      declaration = '';
    } else if (c === ';') {
      member();
    } else {
      declaration += c;
    }
  }
  return found;
}

function checkClasses() {
  for (const [file, text] of sources)
    for (const { name, functions } of classesOf(text))
      if (functions > mostFunctionsInClass)
        fault(`${file}: ${name} has ${functions} functions, more than ${mostFunctionsInClass}`);
}

checkOrder();
checkCycles();
checkFolders();
checkClasses();

const kind = (text) => text.replace(/has \d+/, 'has N');
const knownKinds = [...known].map(kind);
const unexpected = faults.filter((text) => !knownKinds.includes(kind(text)));
const gone = knownKinds.filter((text) => !faults.some((f) => kind(f) === text));
for (const text of unexpected) console.error(`structure: ${text}`);
for (const text of gone) console.error(`structure: no more, take it from the list of known faults: ${text}`);
if (unexpected.length + gone.length > 0) process.exit(1);
console.log(`structure: ${files.length} files are in order${known.size > 0 ? `, but for ${known.size} known faults` : ''}`);
