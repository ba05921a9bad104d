#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of `/health` and its kin, and of the front page. The manual has the first of them.
namespace nekod {

/// `{"status":"healthy","timestamp":...,"version":...}`.
std::string health_json(std::chrono::system_clock::time_point now, std::string_view version);

/// `{"status":"alive"}`: the process works.
std::string alive_json();

/// A limit of a model that accounts of an upstream have met.
struct shown_limit {
  /// The upstream's name for it; empty for calls without a model.
  std::string model;
  std::size_t accounts = 0;
  /// Time until the first of the accounts may be asked again.
  std::chrono::seconds left{0};
};

/// One account of an upstream.
struct shown_account {
  /// Says nothing of its secret.
  std::string id;
  /// A word of a fixed set.
  std::string state;
  /// The code of the failure that led to its state; empty for none.
  std::string code;
  /// How long it has been in its state; nothing if that is not known.
  std::optional<std::chrono::milliseconds> in_state;
  /// How much longer it rests; nothing if it does not.
  std::optional<std::chrono::milliseconds> rest;
  /// Its running turns.
  int turns = 0;
  double weight = 1;
};

/// The state of an upstream: its circuit breaker (`closed`, `open`, `half_open`), the number of its
/// accounts in each state, the reasons why it may not answer turns now, and the limits it has
/// reported.
struct upstream_standing {
  std::string name;
  std::string circuit = "closed";
  /// Words of a fixed set.
  std::vector<std::string> reasons;
  std::vector<shown_limit> limits;
  // For operators only:
  /// How long the circuit breaker has not been closed, or, if it is, been closed again.
  std::optional<std::chrono::milliseconds> since_change;
  /// The time until the next probe, while it is open.
  std::optional<std::chrono::milliseconds> to_probe;
  std::vector<shown_account> accounts;
  std::size_t working = 0;
  std::size_t refused = 0;
  std::size_t limited = 0;
  std::size_t unreachable = 0;
};

/// Whether turns can be answered: `{"status":"ready","reasons":[],"upstreams":[...]}`, or
/// `not_ready` with reasons, which are words of a fixed set.
/// @param lacks_shared_store Adds `"store":"unavailable"`, which makes nothing unready.
/// @param now Adds what is for operators only, with times.
std::string readiness_json(const std::vector<std::string>& reasons,
                           const std::vector<upstream_standing>& upstreams = {},
                           bool lacks_shared_store = false,
                           std::optional<std::chrono::system_clock::time_point> now = {});

/// `GET /`: name, version and endpoints.
std::string front_page_json(std::string_view version);

} // namespace nekod
