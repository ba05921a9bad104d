#pragma once

#include "http/server/gate/api_keys.hpp"
#include "protocol/result.hpp"

#include <functional>
#include <optional>
#include <string>

namespace nekod::http {

/// Makes the new text of a key file from its text and its keys; nothing to leave it as it is.
using key_edit =
    std::function<std::optional<std::string>(const std::string& text, const api_keys& keys)>;

/// Changes the key file *path*: the file is replaced as a whole, so that a reader, or a power cut,
/// finds the old text or the new one. Owner and mode stay; a new file is for its owner alone. Two
/// processes, or threads, that change it do so one after the other; one waits up to five seconds.
/// Blocks.
/// @returns the keys of the new text; or a sentence that says why the file was not changed.
result<api_keys, std::string> change_key_file(const std::string& path, const key_edit& edit);

/// Whether this process may change the key file *path*.
bool may_change_key_file(const std::string& path);

} // namespace nekod::http
