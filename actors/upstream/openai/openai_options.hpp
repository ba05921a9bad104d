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

/// The credentials of an account at an OpenAI-compatible server.
struct openai_secrets {
  /// Secret; may be empty.
  std::string key;
  /// Its share of the turns, relative to the other accounts.
  double weight = 1;
};

/// An OpenAI-compatible server, and our accounts there.
struct openai_options {
  std::string name = "openai";
  /// Tidied as in `protocol/base_address.hpp`; up to and including `/v1`.
  std::string base_url;
  /// The header field that carries the key; empty for `Authorization: Bearer KEY`.
  std::string key_header;
  /// The name of the limit of tokens, for requests that came through another API.
  std::string token_limit = "max_completion_tokens";
  /// At least one.
  std::vector<openai_secrets> accounts{1};
  /// The model for requests that name none; empty for the first of the server's list.
  std::string default_model;
  time_limits limits;
  circuit_options circuit;
  /// Counts answers that are wanted whole while they arrive; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// The maximum length of an account's rest, whatever the server asks for.
  std::chrono::milliseconds longest_rest{300'000};
  /// Identifies this process to servers that are themselves nekods, so that a loop is detected.
  std::string instance;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod
