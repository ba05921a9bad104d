#pragma once

#include "protocol/chat/failure.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace nekod {

/// A rest of an account, as nodes with the same account tell each other. It names no secret, and
/// nothing that a secret could be guessed from.
struct shared_rest {
  shared_rest() = default;

  /// The name of the upstream, and that of the account, on which all nodes agree.
  std::string upstream;
  std::string account;
  /// Whether the account was refused, and rests for all models. Else it was limited, for *model*.
  bool refused = false;
  std::string model;
  /// The failure that began it.
  chat::failure_code code = chat::failure_code::rate_limit_exceeded;
  /// Whether it is over before its time: the refused account works again.
  bool over = false;
  /// When it ends; if it is over, until when other nodes are told that.
  std::chrono::steady_clock::time_point end;
};

// Rests without the names of upstream and account.

inline shared_rest limit_until(std::chrono::steady_clock::time_point end, std::string model,
                               chat::failure_code code) {
  shared_rest r;
  r.model = std::move(model);
  r.code = code;
  r.end = end;
  return r;
}

inline shared_rest refusal_until(std::chrono::steady_clock::time_point end,
                                 chat::failure_code code) {
  shared_rest r;
  r.refused = true;
  r.code = code;
  r.end = end;
  return r;
}

/// A refusal that is over.
inline shared_rest work_until(std::chrono::steady_clock::time_point end) {
  auto r = refusal_until(end, chat::failure_code::upstream_auth_failed);
  r.over = true;
  return r;
}

} // namespace nekod
