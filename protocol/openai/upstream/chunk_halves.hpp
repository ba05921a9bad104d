#pragma once

#include "protocol/text/json.hpp"
#include "protocol/text/json_halves.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace nekod::openai {

/// Joins characters that a server splits between two chunks, so that each chunk is passed on with
/// whole ones: a first half waits for the next text of its kind. This covers each choice's text,
/// refusal and reasoning, and the arguments of each tool call with an index. A half without its
/// partner, there or anywhere else in a chunk, becomes U+FFFD.
class chunk_halves {
public:
  /// Whether a chunk has to be joined: it contains a half, or one is waiting.
  bool concern(std::string_view chunk) const {
    return !waiting_.empty() || json::has_lone_half(chunk);
  }

  bool empty() const noexcept { return waiting_.empty(); }

  /// Joins a chunk with the waiting halves.
  /// @returns nothing if the chunk is not JSON, apart from its halves.
  std::optional<std::string> join(std::string_view chunk);

  /// Chunks for the halves whose partners never arrived; nothing waits afterwards.
  std::vector<std::string> take_left();

private:
  /// Identifies a text that continues from chunk to chunk.
  struct text_key {
    std::int64_t choice = 0;
    /// The index of the call, if the text is a call's arguments; nothing for a member of the delta.
    std::optional<std::int64_t> call;
    std::string name;

    bool operator<(const text_key& other) const {
      return std::tie(choice, call, name) < std::tie(other.choice, other.call, other.name);
    }
  };

  void join_delta(json::joined_text& out, text_key at, std::string_view delta);
  void join_calls(json::joined_text& out, text_key at, std::string_view calls);
  void join_text(json::joined_text& out, const text_key& at, std::string_view quoted);
  static std::string chunk_of(const text_key& at);

  /// First halves, as escapes.
  std::map<text_key, std::string> waiting_;
};

} // namespace nekod::openai
