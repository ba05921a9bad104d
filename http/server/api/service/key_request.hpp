#pragma once

#include "http/server/gate/api_keys.hpp"
#include "http/server/gate/key_keeper.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"

#include <string_view>

/// Bodies of `POST /keys` and `POST /keys/{id}`: objects with `tenant` (only of a new key),
/// `admin`, `rate_limit` and `chat_rate_limit`. A limit is text as in the key file, empty for no
/// limit, null for the general one. Unknown members are refused: a limit with a wrong name would
/// be no limit. Pure.
namespace nekod::http {

result<api_key, chat::failure> parse_new_key(std::string_view body);

result<key_change, chat::failure> parse_key_change(std::string_view body);

} // namespace nekod::http
