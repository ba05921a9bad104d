// Programs that see other files than the rest of the machine does.

import { execFileSync } from 'node:child_process';

/// Whether this user may mount anything.
export const mayMount = (() => {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/// What a program is started behind, as `limits` of a `Program`, so that *mounts*, commands of a shell, hold
/// for it alone. Its files are below `/proc/PID/root`.
export const alone = (mounts) => [
  ...['--core=0', 'unshare', '--mount', 'sh', '-c'],
  ...[`${['set -e', ...mounts].join('; ')}; exec "$@"`, 'sh'],
];
