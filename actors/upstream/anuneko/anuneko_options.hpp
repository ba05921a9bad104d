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

/// The credentials of an account at an AnuNeko service.
struct anuneko_secrets {
  /// Secret.
  std::string token;
  /// Secret; may be empty.
  std::string cookie;
  /// Its share of new chats, relative to the other accounts.
  double weight = 1;
};

/// An AnuNeko service, and our accounts there.
struct anuneko_options {
  std::string name = "anuneko";
  /// Up to and including `/api/v1`.
  std::string base_url;
  /// At least one.
  std::vector<anuneko_secrets> accounts;
  /// The service's name for the default model.
  std::string default_model{anuneko::default_model};
  time_limits limits;
  circuit_options circuit;
  /// The maximum length of an account's rest, whatever the service asks for.
  std::chrono::milliseconds longest_rest{300'000};
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod
