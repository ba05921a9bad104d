#pragma once

namespace nekod {

/// `nekod keys add NAME --file FILE [--admin] [--rate-limit ...] [--chat-rate-limit ...]`: makes an
/// API key, appends its line to the file, which is created if necessary, and prints the key, which
/// is stored nowhere.
/// @returns the exit code: 0, or 2 if the arguments are invalid or the file cannot be written.
int run_keys_command(int argc, const char* const* argv);

} // namespace nekod
