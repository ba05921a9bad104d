// Programs with file systems of their own.

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

/// The `limits` of a `Program` that make *mounts*, which are shell commands, apply to it alone. Its files are below
/// `/proc/PID/root`.
export const alone = (mounts) => [
  ...['--core=0', 'unshare', '--mount', 'sh', '-c'],
  ...[`${['set -e', ...mounts].join('; ')}; exec "$@"`, 'sh'],
];
