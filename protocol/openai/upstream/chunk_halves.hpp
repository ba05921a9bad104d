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

/// Joins the characters that a server cuts in half between two chunks, so that each chunk goes on
/// with whole ones: a first half waits for the next text of its kind. That is done for each
/// choice's text, refusal and reasoning, and for the arguments of each call of a tool that has an
/// index. A half that stands alone, there or anywhere else in a chunk, becomes U+FFFD.
class chunk_halves {
public:
  /// Whether a chunk has to be joined: it has a half, or one waits.
  bool concern(std::string_view chunk) const {
    return !waiting_.empty() || json::has_lone_half(chunk);
  }

  bool empty() const noexcept { return waiting_.empty(); }

  /// Joins a chunk with what waits.
  /// @returns none where it is no JSON, be its halves as they may.
  std::optional<std::string> join(std::string_view chunk);

  /// Chunks that tell of all that waits, which then does no more: of the halves of which the rest
  /// never came.
  std::vector<std::string> take_left();

private:
  /// A text that goes on from chunk to chunk.
  struct place {
    std::int64_t choice = 0;
    /// The index of the call whose arguments it is; none for a member of the delta.
    std::optional<std::int64_t> call;
    std::string name;

    bool operator<(const place& other) const {
      return std::tie(choice, call, name) < std::tie(other.choice, other.call, other.name);
    }
  };

  void join_delta(json::joined_text& out, place at, std::string_view delta);
  void join_calls(json::joined_text& out, place at, std::string_view calls);
  void join_text(json::joined_text& out, const place& at, std::string_view quoted);
  static std::string chunk_of(const place& at);

  /// First halves, as escapes.
  std::map<place, std::string> waiting_;
};

} // namespace nekod::openai
