// Makes a page, or a row of a Markdown table, of what bench/compare gathered.
//
//     scripts/node bench/report/make.mjs FIGURES.json --html FILE
//     scripts/node bench/report/make.mjs FIGURES.json --row NAME

import { readFileSync, writeFileSync } from 'node:fs';
import { parsed, subjects } from './figures.mjs';
import { page } from './page.mjs';
import { markdownOf } from './tables.mjs';

const [, , file, what, name] = process.argv;
const actions = {
  '--html': (lines) => writeFileSync(name, page(lines)),
  '--row': (lines) => console.log(markdownOf(name, subjects(lines))),
};
if (!actions[what] || !name) {
  console.error('usage: make.mjs FIGURES.json --html FILE | --row NAME');
  process.exit(2);
}
actions[what](parsed(readFileSync(file, 'utf8')));
