#include "tests/fuzz/chunks.hpp"

#include "protocol/chat/message.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/upstream/answer_collector.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"
#include "protocol/text/json.hpp"
#include "tests/fuzz/promise.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace nekod::fuzz {
namespace {

constexpr auto deep = json::max_depth + 6;

std::size_t members_named(const json::value& object, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(object.MemberBegin(), object.MemberEnd(),
                    [&](const auto& m) { return json::text_of(m.name) == name; }));
}

std::string_view end_of(const json::value& choice) {
  return json::find_string(choice, "finish_reason").value_or(std::string_view{});
}

/// A choice as a client assembles it from chunks.
struct choice {
  std::string text;
  /// Whether its content had parts other than text, and so is a list.
  bool in_parts = false;
  std::size_t ends = 0;
};

std::map<std::int64_t, choice> choices_of(const std::vector<std::string>& chunks) {
  std::map<std::int64_t, choice> all;
  for (const auto& members : chunks) {
    const auto doc = json::parse('{' + members + '}', deep);
    for (const auto& c : json::find(doc.root, "choices")->GetArray()) {
      const auto& delta = *json::find(c, "delta");
      const auto [at, is_first] =
          all.try_emplace(json::integer_of(*json::find(c, "index")).value());
      check(!is_first || json::find_string(delta, "role") == "assistant",
            "the first chunk of a choice has a role");
      at->second.ends += end_of(c).empty() ? 0 : 1;
      at->second.text += json::find_string(delta, "content").value_or(std::string_view{});
      const auto* content = json::find(delta, "content");
      at->second.in_parts |= content != nullptr && content->IsArray();
    }
  }
  return all;
}

std::string completion(std::string_view members) {
  return openai::completion({"chatcmpl-ours", 1, "model-ours", "session-ours"}, members);
}

} // namespace

void check_chunk(std::string_view members, bool may_end) {
  const openai::completion_head head{"chatcmpl-ours", 1, "model-ours", "session-ours"};
  std::string event;
  openai::chunk_writer{head, false}.members(event, members);
  constexpr std::string_view field = "data: ";
  check(event.starts_with(field) && event.ends_with("\n\n"), "a chunk is an event");
  const auto data = std::string_view{event}.substr(field.size(), event.size() - field.size() - 2);
  check(data.find_first_of("\r\n") == data.npos, "a chunk is on one line");

  const auto doc = json::parse(data, deep);
  check(doc.error == json::fault::none, "a chunk is JSON");
  constexpr std::array ours{"id", "object", "created", "model", "session_id"};
  for (const auto* name : ours)
    check(members_named(doc.root, name) == 1, "what is ours is in a chunk once");
  check(json::find_string(doc.root, "id") == "chatcmpl-ours", "a chunk has our id");
  check(members_named(doc.root, "error") == 0, "a chunk has no error");
  check(members_named(doc.root, "choices") == 1, "a chunk has its choices once");
  const auto* choices = json::find(doc.root, "choices");
  check(choices->IsArray(), "a chunk's choices are an array");
  for (const auto& c : choices->GetArray()) {
    check(c.IsObject(), "a choice is an object");
    const auto* index = json::find(c, "index");
    check(index != nullptr && json::integer_of(*index).value_or(-1) >= 0, "a choice has its index");
    const auto* delta = json::find(c, "delta");
    check(delta != nullptr && delta->IsObject(), "a choice has a delta");
    check(may_end || end_of(c).empty(), "no end of a choice goes out before the answer is whole");
    check(end_of(c) != "null", "a reason is none in quotes");
  }
}

void check_whole_stream(const std::vector<std::string>& chunks, std::string_view said,
                        std::int64_t first) {
  openai::answer_collector collector;
  for (const auto& members : chunks) {
    deltas one{deltas::form::members};
    one.push_back(members);
    collector.take(one);
  }
  const auto answer = openai::parse_whole_answer(completion(collector.members()));
  check(static_cast<bool>(answer), "the chunks of a whole stream make an answer");
  const auto doc = json::parse('{' + answer->members + '}', deep);
  const auto& told = *json::find(doc.root, "choices");
  const auto all = choices_of(chunks);
  check(told.Size() == all.size(), "an answer has all choices");
  auto at = told.Begin();
  for (const auto& [index, c] : all) {
    check(c.ends == 1, "each choice has one finish reason");
    const auto* content = json::find(*json::find(*at++, "message"), "content");
    check(c.in_parts || !content->IsString() || json::text_of(*content) == c.text,
          "an answer says what its chunks say");
  }
  const auto again = json::parse(said, deep);
  const auto* content = json::find(again.root, "content");
  const auto& heard = all.at(first);
  check(heard.in_parts || !content->IsString() || heard.text == json::text_of(*content),
        "what is told again is what clients heard");
}

} // namespace nekod::fuzz
