#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/event_writer.hpp"
#include "protocol/openai/responses/output_items.hpp"
#include "protocol/openai/responses/response_object.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"
#include "protocol/text/language.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::openai::responses {

/// Keeps clients from giving up on a silent stream. It has no number, and strict clients do not
/// know it: only for a stream that was silent for a minute.
inline constexpr std::string_view keepalive_event =
    "event: keepalive\ndata: {\"type\":\"keepalive\"}\n\n";

struct stream_options {
  reasoning_form reasoning = reasoning_form::text;
  bool background = false;
  /// The client has the events up to this number; -1 for none.
  std::int64_t after = -1;
};

/// Writes one response as server-sent events, and assembles it.
///
/// A stream is: `begin`, `start`, any number of `piece`, then one of `end`, `fail` and `cancel`.
/// The same calls write the same events with the same numbers and ids: a client that lost its
/// connection gets the rest from another writer, which is given the answer from its beginning and
/// the last number that the client has.
class event_stream {
public:
  event_stream(response_head head, tool_bridge bridge, const stream_options& options);
  event_stream(const event_stream&) = delete;
  event_stream& operator=(const event_stream&) = delete;

  /// Another model answers than was expected.
  void answered_by(std::string model) { head_.model = std::move(model); }

  /// The turn has its session.
  void in_session(std::string id) { head_.session_id = std::move(id); }

  /// `response.created`; in the background also `response.queued`.
  void begin(std::string& out);

  /// `response.in_progress`: the turn has begun.
  void start(std::string& out);

  /// @param text UTF-8, or members, as *form* says.
  void piece(std::string& out, deltas::form form, std::string_view text);

  /// About the bytes that `piece` adds to a piece's own.
  std::size_t frame() const noexcept;

  /// `response.completed` or `response.incomplete`, and `[DONE]`.
  /// @param now Seconds since the epoch.
  void end(std::string& out, const chat::answer_end& end, std::int64_t now);

  /// `error`, `response.failed` and `[DONE]`.
  void fail(std::string& out, const chat::failure& reason, language lang);

  /// `[DONE]` alone.
  void cancel(std::string& out);

  const response_head& head() const noexcept { return head_; }

  /// The result, after the stream's end: what `response.completed` told.
  const response_result& result() const noexcept { return result_; }

private:
  void response_event(std::string_view type, std::string& out);

  response_head head_;
  bool background_;
  event_writer writer_;
  output_items items_;
  response_result result_;
};

} // namespace nekod::openai::responses
