#pragma once

#include "http/server/gate/api_keys.hpp"
#include "http/server/message/exchange.hpp"

#include <string>

namespace nekod::http {

class routes;

/// The port at which other nodes ask for answers that this one keeps. A caller that does not know
/// the cluster's secret gets an empty answer with status 401, and its body is not read.
/// Thread-safe.
class node_door {
public:
  /// @param secret Not empty.
  explicit node_door(const std::string& secret);

  /// Whether *r* has the secret. The time it takes does not reveal how similar a wrong one is.
  bool knows(const request& r) const { return secret_.find(presented_key(r)) != nullptr; }

  /// Answers *x*, now or later.
  void handle(const exchange_ptr& x, const routes& all) const;

private:
  /// The secret, as the only key.
  api_keys secret_;
};

} // namespace nekod::http
