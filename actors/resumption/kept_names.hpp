#pragma once

#include "actors/messages.hpp"

#include <caf/send.hpp>

#include <utility>
#include <vector>

namespace nekod {

/// The names under which other nodes find an answer that this one keeps, until this object goes.
class kept_names {
public:
  /// @param places Null if there are no other nodes.
  explicit kept_names(answer_places_actor places = {}) : places_(std::move(places)) {}
  kept_names(const kept_names&) = delete;
  kept_names& operator=(const kept_names&) = delete;

  ~kept_names() {
    for (auto& name : names_)
      caf::anon_send(places_, atom::forget_v, std::move(name));
  }

  void add(answer_name name) {
    if (!places_)
      return;
    caf::anon_send(places_, atom::keep_v, name);
    names_.push_back(std::move(name));
  }

private:
  answer_places_actor places_;
  std::vector<answer_name> names_;
};

} // namespace nekod
