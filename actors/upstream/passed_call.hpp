#pragma once

#include "actors/upstream/transport.hpp"
#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

/// A request that passes to an upstream as its client sent it, and its answer that passes back.
namespace nekod {

/// What is asked.
struct passed_request {
  std::string method;
  /// Below the API's root, such as `/embeddings`; percent-encoded as it came.
  std::string path;
  /// Whether *path* is below the server's root instead, beside `/v1`.
  bool at_root = false;
  /// Without its question mark.
  std::string query;
  /// What may pass, without credentials; names in lower case.
  header_fields headers;
  /// The nekods that the request came through, as `X-Nekod-Via` names them.
  std::string via;
  /// The model that is asked for, as the upstream calls it; empty where none is known.
  std::string model;
  std::string body;
  /// In place of *body*, where that passes as it comes; else null.
  std::shared_ptr<body_source> source;
};

/// Hears of a passed call, in this order: a head, any number of data, an end or a failure; a
/// failure may come alone. Called from within `on_transfer` only.
class passed_call_listener {
public:
  virtual ~passed_call_listener() = default;

  /// @param fields The answer's, as they came.
  virtual void on_head(std::uint16_t status, const header_fields& fields) = 0;
  /// The next bytes of the answer. Grant them again once they have left.
  virtual void on_data(std::string bytes) = 0;
  /// The answer is whole.
  virtual void on_end() = 0;
  /// There is no answer, or no more of it.
  virtual void on_failure(const openai::error& reason) = 0;
};

/// A call that passes. Dropping it cancels it.
class passed_call {
public:
  virtual ~passed_call() = default;

  /// Lets that many more bytes of the answer come.
  virtual void grant(std::size_t bytes) = 0;

  /// The client left, then; the call is about to be dropped.
  virtual void abandon(std::chrono::steady_clock::time_point client_left) = 0;

  /// Takes an event of its transfer.
  virtual void on_transfer(transfer_event&& event) = 0;
};

} // namespace nekod
