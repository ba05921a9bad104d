#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/chat/text_limiter.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace nekod::openai {

/// The answers (`n`) of a text-only service to one request, while they arrive. Each ends at the
/// request's limits.
///
/// The pieces of a single answer stay text. Those of several answers become members of chunks,
/// which name their choice; if the client wants them whole, they are kept until the end.
class choices {
public:
  /// The most bytes of several whole answers together.
  static constexpr std::size_t max_whole_bytes = 16u << 20;
  /// The most bytes that are kept of the first of several streamed answers.
  static constexpr std::size_t max_first_bytes = 1u << 20;

  explicit choices(const chat::request& r);

  /// Takes pieces of answer number *index*, from 0.
  /// @returns what the client gets of it now.
  deltas take(std::size_t index, const deltas& pieces);

  /// The service ended answer number *index* for *reason*.
  /// @returns the rest of its text.
  deltas finish(std::size_t index, chat::finish_reason reason);

  std::size_t count() const noexcept { return all_.size(); }

  /// Whether that answer is complete, and whether a limit cut it.
  bool ended(std::size_t index) const { return all_[index].limiter.ended().has_value(); }
  bool cut(std::size_t index) const { return all_[index].limiter.cut(); }

  /// The bytes of several whole answers that wait for the end.
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }

  /// Whether these exceed `max_whole_bytes`.
  bool too_long() const noexcept { return waiting_bytes_ > max_whole_bytes; }

  /// The end of the answers, once all are complete.
  chat::answer_end end() const;

  /// The text of the first of several answers, as far as it is kept.
  const std::string& first_text() const noexcept { return all_.front().text; }

private:
  struct choice {
    chat::text_limiter limiter;
    std::string text;
  };

  deltas passed_on(std::size_t index, deltas text);
  std::string opening(std::size_t index) const;
  std::string closing() const;
  std::string content_chunk(std::size_t index, std::string_view piece) const;
  std::string last_chunk(std::size_t index) const;
  std::string whole() const;

  std::vector<choice> all_;
  bool stream_;
  bool include_usage_;
  std::size_t waiting_bytes_ = 0;
};

} // namespace nekod::openai
