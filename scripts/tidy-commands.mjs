// Gives clang-tidy a compile command for each source. A preset compiles the sources of a folder as one unit, so
// its compile commands know only the units, and clang-tidy would guess a source's flags from a file of a like name.
//
//   scripts/node scripts/tidy-commands.mjs build/release
//
// writes build/release/tidy/compile_commands.json: the commands of the preset, and for each source in a unit the
// unit's command with the source in its place.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const build = process.argv[2];
const commands = JSON.parse(readFileSync(path.join(build, 'compile_commands.json'), 'utf8'));

const sourcesOf = (unit) =>
  [...readFileSync(unit, 'utf8').matchAll(/^#include "([^"]+\.cpp)"$/gm)].map(([, source]) => source);

const result = commands.flatMap((entry) => {
  if (!entry.file.includes('/Unity/')) return [entry];
  const ofSource = (file) => ({ ...entry, file, command: entry.command.replaceAll(entry.file, file) });
  return [entry, ...sourcesOf(entry.file).map(ofSource)];
});

mkdirSync(path.join(build, 'tidy'), { recursive: true });
writeFileSync(path.join(build, 'tidy', 'compile_commands.json'), `${JSON.stringify(result, null, 1)}\n`);
