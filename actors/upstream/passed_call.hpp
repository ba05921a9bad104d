#pragma once

#include "actors/upstream/transport.hpp"
#include "protocol/chat/failure.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

/// A request that passes to an upstream as its client sent it, and its answer that passes back.
namespace nekod {

/// The request.
struct passed_request {
  std::string method;
  /// Below the API's root, such as `/embeddings`; percent-encoded as it arrived.
  std::string path;
  /// Whether *path* is below the server's root instead, beside `/v1`.
  bool at_root = false;
  /// Without its question mark.
  std::string query;
  /// The fields that may pass, without credentials; names in lower case.
  header_fields headers;
  /// The nekods that the request came through, as `X-Nekod-Via` lists them.
  std::string via;
  /// The upstream's name of the requested model; empty if none is known.
  std::string model;
  std::string body;
  /// Replaces *body* if the body is sent while it arrives; else null.
  std::shared_ptr<body_source> source;
};

/// Receives the events of a passed call, in this order: a head, any number of data, an end or a
/// failure; a failure may come alone. Called from within `on_transfer` only.
class passed_call_listener {
public:
  virtual ~passed_call_listener() = default;

  /// @param fields The answer's, as they arrived.
  virtual void on_head(std::uint16_t status, const header_fields& fields) = 0;
  /// The next bytes of the answer. Grant them again once they have been sent.
  virtual void on_data(std::string bytes) = 0;
  /// The answer is complete.
  virtual void on_end() = 0;
  /// There is no answer, or no more of it.
  virtual void on_failure(const chat::failure& reason) = 0;
};

/// A call that passes. Dropping it cancels it.
class passed_call {
public:
  virtual ~passed_call() = default;

  /// Allows that many more bytes of the answer.
  virtual void grant(std::size_t bytes) = 0;

  /// The client left at that time; the call is about to be dropped.
  virtual void abandon(std::chrono::steady_clock::time_point client_left) = 0;

  /// Processes an event of its transfer.
  virtual void on_transfer(transfer_event&& event) = 0;
};

} // namespace nekod
