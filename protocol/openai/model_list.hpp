#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The list of models that an OpenAI-compatible server answers to `GET /models`. Servers differ, so
/// it is read leniently.
namespace nekod::openai {

/// A model as its upstream lists it.
struct listed_model {
  listed_model() = default;
  listed_model(std::string n, std::string m = {}) : name(std::move(n)), members(std::move(m)) {}

  bool operator==(const listed_model&) const = default;

  std::string name;
  /// Its members but for `id` and `object`, as JSON without braces: `"created":1,"owned_by":"x"`.
  std::string members;
};

/// Reads `{"data":[...]}` as OpenAI has it, a bare array, or `{"models":[...]}` as Ollama and
/// llama.cpp have it. An entry is a string, or an object with `id`, `model` or `name`; others are
/// left out. Where there are several lists, the first one with a model counts.
/// @returns nothing where *body* is no such list; it may be empty.
std::optional<std::vector<listed_model>> parse_model_list(std::string_view body);

} // namespace nekod::openai
