#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The list of models in an OpenAI-compatible server's answer to `GET /models`. Servers differ, so
/// it is read leniently.
namespace nekod::openai {

/// A model as its upstream lists it.
struct listed_model {
  listed_model() = default;
  listed_model(std::string n, std::string m = {}) : name(std::move(n)), members(std::move(m)) {}

  bool operator==(const listed_model&) const = default;

  std::string name;
  /// Its members except `id` and `object`, as JSON without braces: `"created":1,"owned_by":"x"`.
  std::string members;
};

/// Reads `{"data":[...]}` as OpenAI writes it, a bare array, or `{"models":[...]}` as Ollama and
/// llama.cpp write it. An entry is a string, or an object with `id`, `model` or `name`; other
/// entries are skipped. If there are several lists, the first one with a model counts.
/// @returns the models, possibly none; nothing if *body* is not such a list.
std::optional<std::vector<listed_model>> parse_model_list(std::string_view body);

} // namespace nekod::openai
