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
  /// The request is taken and never answered.
  silent,
  /// A page for people where an answer for programs belongs.
  html,
  // Those below are of replies only.
  /// The connection closes within the reply.
  cut,
  /// The reply goes silent.
  stall,
  /// The reply ends in an `error` event.
  error_event,
  /// The reply ends in a bare JSON line.
  error_line,
  /// Nonsense between the reply's events.
  garbage,
  /// A piece of text ends within a character.
  truncated_utf8,
  /// Two pieces of text with half a character each, as programs cut it that count in UTF-16.
  halved_character,
  // Those below are of completions only.
  /// The stream ends in a chunk with an `error`.
  error_chunk,
  /// No finish reason comes, though all else does.
  no_finish,
  /// No `[DONE]` comes, though all else does.
  no_done,
  /// Not a fault: the number of kinds.
  count,
};

/// The kind's word in `/sim/faults`.
std::string_view name_of(fault_kind k) noexcept;

/// How calls of one kind are to fail.
struct fault {
  api_call call = api_call::stream;
  fault_kind kind = fault_kind::status;
  /// Calls that fail before it is spent.
  std::uint32_t times = 1;
  /// Events of a reply that come before the fault.
  std::uint32_t after_events = 0;
  std::uint16_t status = 503;
  /// Seconds.
  std::optional<std::uint32_t> retry_after;
  /// Only calls that carry this token fail; empty for all.
  std::string token;
  /// The body of an answer; for `error_event` and `error_line` the error's code, or its whole JSON
  /// object.
  std::string body;
};

/// Reads a fault from a JSON object.
/// @returns a complaint for people where a field is wrong.
result<fault, std::string> parse_fault(std::string_view body);

std::string to_json(const fault& f);

/// Faults that wait for their calls. Thread-safe.
class fault_queue {
public:
  /// @returns false where too many wait already.
  bool add(fault f);

  /// The oldest fault for such a call, one of its times spent.
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

/// Appends what comes before the reply's event *index*, for a fault that spoils a reply of *events*
/// events without ending it.
void append_noise(const fault& f, std::size_t index, std::size_t events, std::string& out);

} // namespace nekod::sim
