#pragma once

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::openai {

/// What differs from answer to answer in an answer, or in a chunk of one: the seed of a call table.
std::string seed_of(const json::value& answer);

/// Tells the calls of tools of one choice apart, whose pieces come in chunks, and gives each the
/// index and the id by which clients put them together.
///
/// Servers differ: some have one index for all calls, some none, some repeat the id with each piece
/// or leave it out, some give arguments as an object. An id decides first, then the index; a piece
/// with neither belongs to the call that is open.
class call_table {
public:
  /// @param seed For ids of calls that came without one; differs from answer to answer.
  explicit call_table(std::string seed = {}) : seed_(std::move(seed)) {}

  /// Brings the pieces of calls in a chunk's delta into OpenAI's form.
  /// @returns whether something had to be changed.
  bool repair(json::value& delta, json_pool& pool);

  /// The same for the calls of a whole message, each of which is an element.
  bool repair_whole(json::value& message, json_pool& pool);

  /// About the bytes that it takes.
  std::size_t size() const noexcept { return size_; }

  /// Whether there are more calls than any answer has: each piece is looked up among them.
  bool overfull() const noexcept { return calls_.size() > max_calls; }

private:
  static constexpr std::size_t max_calls = 1024;

  /// Whether a text that comes in pieces is a whole JSON object or array yet.
  class json_progress {
  public:
    void take(std::string_view piece) noexcept;
    bool complete() const noexcept { return begun_ && depth_ == 0; }

  private:
    std::size_t depth_ = 0;
    bool begun_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
  };

  struct call {
    std::string id;
    /// The server's index.
    std::optional<std::int64_t> index;
    std::string name;
    json_progress arguments;
    /// Whether the id is ours, since the server gave none.
    bool made_id = false;
  };

  /// What a piece says of the call that it belongs to.
  struct piece {
    std::string_view id;
    std::optional<std::int64_t> index;
    std::string_view name;
    std::string_view arguments;
  };

  bool repair_piece(json::value& v, json_pool& pool);
  bool repair_first(json::value& v, call& of, json_pool& pool);
  std::size_t place_of(const piece& p);
  std::optional<std::size_t> known_place(const piece& p) const;
  std::optional<std::size_t> place_by_id(const piece& p) const;
  std::optional<std::size_t> place_by_index(const piece& p) const;
  static bool begins_another(const piece& p, const call& at_hand);
  void make_id(call& of, std::size_t place) const;
  static piece piece_of(const json::value& v);

  std::string seed_;
  std::vector<call> calls_;
  /// The place of the call that had the last piece.
  std::size_t open_ = 0;
  std::size_t size_ = 0;
};

} // namespace nekod::openai
