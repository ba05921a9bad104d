#pragma once

#include "bench/simulator/calls.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::sim {

enum class fault_kind : std::uint8_t {
  /// An error answer.
  status,
  /// The connection closes without an answer.
  reset,
  /// The request is accepted and never answered.
  silent,
  /// A web page instead of an answer for programs.
  html,
  // The following are for replies only.
  /// The connection closes inside the reply.
  cut,
  /// The reply goes silent.
  stall,
  /// The reply ends in an `error` event.
  error_event,
  /// The reply ends in a bare JSON line.
  error_line,
  /// Nonsense between the reply's events.
  garbage,
  /// A piece of text ends inside a character.
  truncated_utf8,
  /// Two pieces of text with half a character each, as from programs that count in UTF-16.
  halved_character,
  // The following are for completions only.
  /// The stream ends in a chunk with an `error`.
  error_chunk,
  /// The finish reason is missing.
  no_finish,
  /// `[DONE]` is missing.
  no_done,
  /// Not a fault: the number of kinds.
  count,
};

/// The kind's name in `/sim/faults`.
std::string_view name_of(fault_kind k) noexcept;

/// How calls of one kind are to fail.
struct fault {
  api_call call = api_call::stream;
  fault_kind kind = fault_kind::status;
  /// The number of calls that fail before the fault is used up.
  std::uint32_t times = 1;
  /// The number of events of a reply before the fault.
  std::uint32_t after_events = 0;
  std::uint16_t status = 503;
  /// Seconds.
  std::optional<std::uint32_t> retry_after;
  /// Only calls with this token fail; empty for all.
  std::string token;
  /// The body of an answer; for `error_event` and `error_line` the error's code, or its whole JSON
  /// object.
  std::string body;
};

/// Reads a fault from a JSON object.
/// @returns a complaint for people if a field is wrong.
result<fault, std::string> parse_fault(std::string_view body);

std::string to_json(const fault& f);

/// Faults that wait for calls. Thread-safe.
class fault_queue {
public:
  /// @returns false if too many are waiting already.
  bool add(fault f);

  /// The oldest fault for such a call; one of its times is used up.
  std::optional<fault> take(api_call c, std::string_view token = {});

  void clear();

  /// `{"faults":[...]}`.
  std::string to_json() const;

private:
  mutable std::mutex mutex_;
  std::deque<fault> waiting_;
};

/// Whether the fault answers the call by itself, so that the call has no effect.
bool answers_call(const fault& f) noexcept;

/// Whether the fault ends a reply early.
bool ends_reply(const fault& f) noexcept;

/// The error object of `error_event` and `error_line`, and the default body of `status`.
std::string error_body(const fault& f);

/// Appends what precedes event *index* of a reply of *events* events, for a fault that spoils a
/// reply without ending it.
void append_noise(const fault& f, std::size_t index, std::size_t events, std::string& out);

} // namespace nekod::sim
