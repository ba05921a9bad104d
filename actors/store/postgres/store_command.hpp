#pragma once

namespace nekod {

/// `nekod store migrate --store ADDRESS`: brings the schema of a PostgreSQL database up to date.
/// @returns the exit code: 0, or as in `exit_code`.
int run_store_command(int argc, const char* const* argv);

} // namespace nekod
