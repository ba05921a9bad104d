#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/openai/upstream/answer_assembly.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace nekod::openai {

/// Assembles one whole answer from the chunks of a stream, for a client that did not ask for a
/// stream.
class answer_collector {
public:
  /// Takes members of chunks, as `answer_decoder` returns them.
  void take(const deltas& chunks);

  /// The approximate number of bytes in use.
  std::size_t size() const;

  /// All members of the answer except those that nekod writes.
  std::string members() const;

private:
  using raw_members = std::map<std::string, std::string, std::less<>>;

  struct choice {
    answer_assembly message;
    /// The elements of the lists in `logprobs`, by the names of the lists.
    raw_members logprobs;
    /// The newest value of each other member, as JSON.
    raw_members others;
  };

  void take_chunk(std::string_view members);
  void take_choice(const json::value& v);
  void take_logprobs(choice& to, const json::value& v);
  void keep(raw_members& to, std::string_view name, const json::value& v);
  static void write(std::string& out, std::int64_t index, const choice& c);

  std::map<std::int64_t, choice> choices_;
  raw_members others_;
  /// The number of bytes, messages excluded.
  std::size_t size_ = 0;
};

} // namespace nekod::openai
