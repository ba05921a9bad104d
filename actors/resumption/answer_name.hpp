#pragma once

#include <string>
#include <utility>

namespace nekod {

/// Names an answer that is kept for clients that come back, to all nodes that share a store.
struct answer_name {
  answer_name() = default;

  /// The name of an answer by its id, without a prefix.
  static answer_name of_id(std::string tenant, const std::string& id) {
    return {std::move(tenant), "answer " + id};
  }

  /// The name of the answer to a request, by `kept_answers::retry_key`.
  static answer_name of_request(std::string tenant, const std::string& identity) {
    return {std::move(tenant), "request " + identity};
  }

  std::string tenant;
  std::string name;

private:
  answer_name(std::string t, std::string n) : tenant(std::move(t)), name(std::move(n)) {}
};

} // namespace nekod
