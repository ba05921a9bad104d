#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/openai/upstream/chunk_halves.hpp"
#include "protocol/openai/upstream/chunk_order.hpp"
#include "protocol/openai/upstream/chunk_pattern.hpp"
#include "protocol/openai/upstream/stream_choices.hpp"
#include "protocol/text/sse.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads streams of an OpenAI-compatible server. Chunks go on to the client unchanged, except the
/// members that nekod writes itself, which all chunks share, and anything that clients could not
/// read.
namespace nekod::openai {

/// Reads a stream of chunks, from any split of its bytes.
///
/// A stream is whole if each of its choices has a finish reason and the stream ends with `[DONE]`
/// or with its body. Everything else is a failure: an error, an event that is not JSON, an end
/// without a finish reason. Text is passed on at once, even with or after a finish reason; see
/// `chunk_order` for the chunks that wait. Finish reasons are held back until the stream is whole.
///
/// Chunks are converted to OpenAI's form where they differ, their choices as `stream_choices` says;
/// numbers that JSON does not have become null. Characters that are split between two chunks are
/// joined, both for the client and for the conversation. Events that are not part of the answer are
/// dropped.
class answer_decoder {
public:
  /// @param usage Whether the client asked for usage; otherwise it is removed.
  explicit answer_decoder(bool usage = false) : usage_(usage) {}

  /// Takes the next bytes; appends to *out* the members of the chunks that may go on. *out* must
  /// have the form `members`.
  void feed(std::string_view bytes, deltas& out);

  /// The body has arrived completely.
  void finish(deltas& out);

  bool whole() const noexcept { return whole_; }

  const std::optional<chat::failure>& failure() const noexcept { return failure_; }

  /// The number of dropped events.
  std::uint64_t skipped() const noexcept { return skipped_; }

  /// The chunks that were held back.
  deltas take_rest() { return order_.take_rest(); }

  /// The message of the first choice.
  chat::message said() const { return choices_.said(); }

private:
  void take(const sse::item& item, deltas& out);
  void take_data(std::string_view data, deltas& out);
  bool take_like_before(std::string_view data, deltas& out);
  void take_joined(std::string_view data, deltas& out);
  void take_chunk(std::string_view data, deltas& out);
  void take_chunks(const std::vector<std::string>& chunks, deltas& out);
  void take_object(json::document& doc, std::string_view data, deltas& out);
  void take_bare(const json::value& chunk, std::string_view data, deltas& out);
  void end(std::string_view otherwise, deltas& out);
  void fail(chat::failure e);
  void check(bool within_limit);

  bool usage_;
  /// An event may be as long as an answer, since it may contain an image.
  sse::parser parser_{max_answer_bytes};
  chunk_halves halves_;
  stream_choices choices_;
  chunk_order order_;
  std::optional<chat::failure> failure_;
  bool whole_ = false;
  std::uint64_t skipped_ = 0;
  /// The pattern of the last chunk that a JSON parser read, if that had only a text.
  std::optional<chunk_pattern> pattern_;
  /// The members of the current chunk.
  std::string members_;
};

} // namespace nekod::openai
