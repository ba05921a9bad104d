#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/transport.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// What an account at an OpenAI-compatible server is made of.
struct openai_secrets {
  /// Secret; may be empty.
  std::string key;
  /// Its share of the turns, beside the other accounts.
  double weight = 1;
};

/// An OpenAI-compatible server, and whom it knows us as.
struct openai_options {
  std::string name = "openai";
  /// Tidy, as `protocol/base_address.hpp` has it; up to and including `/v1`.
  std::string base_url;
  /// The header field that carries the key; empty for `Authorization: Bearer KEY`.
  std::string key_header;
  /// At least one.
  std::vector<openai_secrets> accounts{1};
  /// The model that serves where none is named; empty for the first of the server's list.
  std::string default_model;
  time_limits limits;
  circuit_options circuit;
  /// What answers in one piece hold while they arrive; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// No account rests for longer, whatever the server says.
  std::chrono::milliseconds longest_rest{300'000};
  /// Names this process to servers that are nekods, so that one which leads to itself is found.
  std::string instance;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod
