#pragma once

#include "protocol/chat/model.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The list of models in an OpenAI-compatible server's answer to `GET /models`. Servers differ, so
/// it is read leniently.
namespace nekod::openai {

/// Reads `{"data":[...]}` as OpenAI writes it, a bare array, or `{"models":[...]}` as Ollama and
/// llama.cpp write it. An entry is a string, or an object with `id`, `model` or `name`; other
/// entries are skipped. If there are several lists, the first one with a model counts.
/// @returns the models, possibly none; nothing if *body* is not such a list.
std::optional<std::vector<chat::listed_model>> parse_model_list(std::string_view body);

} // namespace nekod::openai
