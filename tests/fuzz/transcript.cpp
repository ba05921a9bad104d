#include "actors/session/conversation/transcript.hpp"

#include "protocol/chat/message.hpp"
#include "protocol/openai/chat/transcript_json.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {
namespace {

constexpr std::size_t small_limit = 200;

} // namespace

/// The contents of a store's file may come from anywhere.
void transcript(std::string_view input) {
  auto messages = openai::parse_transcript(input);
  const auto stored = openai::transcript_json(messages);
  check(bool{json::parse(stored)}, "a transcript is JSON");
  const auto again = openai::parse_transcript(stored);
  check(again.size() == messages.size(), "a transcript is read back");
  for (std::size_t i = 0; i < again.size(); ++i)
    check(chat::say_the_same(again[i], messages[i]), "a message is read back");
  check(openai::transcript_json(again) == stored, "a transcript settles");

  const std::string text = "what is new";
  const auto words = with_preamble(messages, text, small_limit);
  check(is_utf8(words) && tells(words, text), "a preamble leads to what is new");
  keep_newest(messages, small_limit);
  check(messages.size() <= again.size(), "nothing is added");
}

} // namespace nekod::fuzz
