#pragma once

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_progress.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::openai {

/// Data that differs between answers, found in an answer or in one of its chunks: the seed of a
/// call table.
std::string seed_of(const json::value& answer);

/// Distinguishes the tool calls of one choice, whose pieces arrive in chunks, and gives each call
/// the index and the id by which clients assemble it.
///
/// Servers differ: some use one index for all calls, some none; some repeat the id in each piece,
/// some omit it; some send arguments as an object. The id decides first, then the index; a piece
/// with neither belongs to the open call.
class call_table {
public:
  /// @param seed For ids of calls without one; differs between answers.
  explicit call_table(std::string seed = {}) : seed_(std::move(seed)) {}

  /// Converts the pieces of calls in a chunk's delta to OpenAI's form.
  /// @returns whether anything was changed.
  bool repair(json::value& delta, json_pool& pool);

  /// The same for a whole message, in which each element is one call.
  bool repair_whole(json::value& message, json_pool& pool);

  /// The approximate number of bytes in use.
  std::size_t size() const noexcept { return size_; }

  /// Whether there are more calls than in any real answer. The limit bounds the search for each
  /// piece.
  bool overfull() const noexcept { return calls_.size() > max_calls; }

private:
  static constexpr std::size_t max_calls = 1024;

  struct call {
    std::string id;
    /// The server's index.
    std::optional<std::int64_t> index;
    std::string name;
    json::progress arguments;
    /// Whether the id is ours, because the server gave none.
    bool made_id = false;
    /// Whether clients have its name.
    bool told_name = false;
  };

  /// The fields of a piece that identify its call.
  struct piece {
    std::string_view id;
    std::optional<std::int64_t> index;
    std::string_view name;
    std::string_view arguments;
  };

  bool repair_piece(json::value& v, json_pool& pool);
  bool repair_first(json::value& v, call& of, json_pool& pool);
  static bool repair_next(json::value& v, const call& of, const piece& p);
  std::size_t index_of(const piece& p);
  std::optional<std::size_t> known_index(const piece& p) const;
  std::optional<std::size_t> find_by_id(const piece& p) const;
  std::optional<std::size_t> find_by_index(const piece& p) const;
  static bool begins_another(const piece& p, const call& at_hand);
  void make_id(call& of, std::size_t position) const;
  static piece piece_of(const json::value& v);

  std::string seed_;
  std::vector<call> calls_;
  /// The position of the call that got the last piece.
  std::size_t open_ = 0;
  std::size_t size_ = 0;
};

/// The name of the first call in a message that is not among *allowed*; empty if there is none.
/// @param message As in `chat::message::json`; may be empty.
std::string forbidden_call(std::string_view message,
                           const std::set<std::string, std::less<>>& allowed);

} // namespace nekod::openai
