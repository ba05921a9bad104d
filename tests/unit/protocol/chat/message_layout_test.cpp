#include "protocol/chat/message_layout.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod::chat;

namespace {

/// Messages by the first letters of their roles; a capital letter is a message without content.
std::vector<message> messages(const std::string& speakers) {
  std::vector<message> result;
  for (char c : speakers) {
    const auto silent = c >= 'A' && c <= 'Z';
    const auto letter = silent ? static_cast<char>(c - 'A' + 'a') : c;
    const auto speaker = letter == 's'   ? role::system
                         : letter == 'd' ? role::developer
                         : letter == 'a' ? role::assistant
                         : letter == 't' ? role::tool
                                         : role::user;
    result.emplace_back(speaker, silent ? " " : "x");
  }
  return result;
}

} // namespace

TEST_CASE("messages divide into prompt, conversation, new part and prefill") {
  struct row {
    std::string speakers;
    std::size_t instructions;
    std::size_t fresh;
    std::size_t prefill;
    bool tells;
    bool has_answer;
    bool asks;
  };
  const std::vector<row> rows{
      {"u", 0, 0, 1, false, false, true},
      {"su", 1, 1, 2, false, false, true},
      {"sduu", 2, 2, 4, false, false, true},
      {"t", 0, 0, 1, false, false, true},
      {"suau", 1, 3, 4, true, true, true},
      {"suauau", 1, 5, 6, true, true, true},
      {"uatu", 0, 2, 4, true, true, true},
      {"uasu", 0, 2, 4, true, true, true},
      {"uas", 0, 2, 3, true, true, false},
      {"uaus", 0, 2, 4, true, true, true},
      // An answer without content does not count.
      {"uAu", 0, 0, 3, false, false, true},
      {"uaAu", 0, 2, 4, true, true, true},
      {"uauA", 0, 2, 4, true, true, true},
      // An assistant message at the end.
      {"ua", 0, 0, 1, true, false, true},
      {"suaua", 1, 3, 4, true, true, true},
      {"uauaU", 0, 2, 3, true, true, true},
      {"s", 1, 1, 1, false, false, false},
      {"U", 0, 0, 1, false, false, false},
      {"", 0, 0, 0, false, false, false},
  };
  for (const auto& r : rows) {
    CAPTURE(r.speakers);
    const auto layout = layout_of(messages(r.speakers));
    CHECK(layout.instructions == r.instructions);
    CHECK(layout.fresh == r.fresh);
    CHECK(layout.prefill == r.prefill);
    CHECK(layout.tells_conversation == r.tells);
    CHECK(layout.has_answer == r.has_answer);
    CHECK(layout.asks == r.asks);
  }
}
