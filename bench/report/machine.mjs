// Prints a line that describes the machine, for bench/compare to keep.
//
//     scripts/node bench/report/machine.mjs begin|end PROGRAMS

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/// nginx is not in the path of users.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/// The output of a program; undefined if there is no such program.
function said(command, ...args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', env });
  return status === 0 ? `${stdout}${stderr}`.trim() : undefined;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const [, , when, programs] = process.argv;
const nekod = join(programs, 'nekod');

console.log(
  JSON.stringify({
    kind: 'machine',
    when,
    date: new Date().toISOString(),
    load: loadavg(),
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memory_mib: Math.round(totalmem() / (1 << 20)),
    kernel: release(),
    system: read('/etc/os-release')?.match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1],
    debian: read('/etc/debian_version')?.trim(),
    nekod: said(nekod, '--version'),
    nginx: said('nginx', '-v')?.replace(/^nginx version: /, ''),
    compiler: said('readelf', '-p', '.comment', nekod)?.match(/\]\s+(.+)/)?.[1],
    build_type: read(join(programs, 'CMakeCache.txt'))?.match(/^CMAKE_BUILD_TYPE:\w+=(.+)$/m)?.[1],
  }),
);
