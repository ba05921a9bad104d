#pragma once

namespace nekod {

/// `nekod sessions export` and `nekod sessions import`: move all sessions and responses from one
/// store to another, by a file.
/// @returns the exit code: 0, or as in `exit_code`.
int run_sessions_command(int argc, const char* const* argv);

} // namespace nekod
