#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/anuneko/calls.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// What an account at an AnuNeko service is made of.
struct anuneko_secrets {
  /// Secret.
  std::string token;
  /// Secret; may be empty.
  std::string cookie;
  /// Its share of new chats, beside the other accounts.
  double weight = 1;
};

/// An AnuNeko service, and whom it knows us as.
struct anuneko_options {
  std::string name = "anuneko";
  /// Up to and including `/api/v1`.
  std::string base_url;
  /// At least one.
  std::vector<anuneko_secrets> accounts;
  /// The model that serves where none is named, as the service calls it.
  std::string default_model{anuneko::default_model};
  time_limits limits;
  circuit_options circuit;
  /// No account rests for longer, whatever the service says.
  std::chrono::milliseconds longest_rest{300'000};
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod
