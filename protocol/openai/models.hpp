#pragma once

#include "protocol/chat/model.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// `GET /v1/models`: OpenAI's model objects; AnuNeko's models also have the manual's extra fields.
namespace nekod::openai {

/// One model object: the upstream's members, with our `id` and `object`, and with defaults for what
/// clients rely on: `created`, `owned_by`, `permission`, `root`, `parent`.
/// @param created Seconds since the epoch, for models whose upstream does not say.
std::string model_json(const chat::model_info& m, std::int64_t created);

/// The list. If there are AnuNeko models, `anuneko_api_response` has their names as the upstream
/// sent them.
std::string model_list_json(const std::vector<chat::model_info>& models, std::int64_t created,
                            const std::vector<std::string>& upstream_names);

} // namespace nekod::openai
