#pragma once

namespace nekod {

/// `nekod keys add NAME --file FILE [--admin] [--rate-limit ...] [--chat-rate-limit ...]`: makes an
/// API key, appends its line to the file, which is made where there is none, and prints the key: it
/// stands nowhere else.
/// @returns the exit code: 0, or 2 where the words are off or the file cannot be written.
int run_keys_command(int argc, const char* const* argv);

} // namespace nekod
