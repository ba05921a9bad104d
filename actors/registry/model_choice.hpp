#pragma once

#include "actors/upstream/upstream.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/model.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Messages about models: the model that a turn gets, aliases, and lists of models.
namespace nekod {

/// A model, and the upstream that has it.
struct model_choice {
  model_choice() = default;

  /// Null if no upstream has any model.
  std::shared_ptr<upstream_service> upstream;
  /// The model's name at the upstream.
  std::string upstream_name;
  /// The model's name for the client.
  std::string id;
  /// Whether the client asked for an unknown model and gets the default.
  bool fallback = false;
};

/// Further names for models, each with an upstream name or a public id.
struct model_aliases {
  model_aliases() = default;

  std::vector<std::pair<std::string, std::string>> entries;
};

/// The models of all upstreams.
struct model_list {
  model_list() = default;

  std::vector<chat::model_info> models;
  /// The names as sent by upstreams that do not speak the OpenAI API.
  std::vector<std::string> upstream_names;
};

/// An upstream's answer to a query for its models: either models or an error.
struct models_answer {
  models_answer() = default;

  /// The upstream's index in the registry's list of upstreams.
  std::size_t upstream = 0;
  bool ok = false;
  std::vector<chat::listed_model> models;
  chat::failure error;
};

} // namespace nekod
