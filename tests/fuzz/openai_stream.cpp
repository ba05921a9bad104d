#include "protocol/openai/answer_decoder.hpp"
#include "protocol/openai/whole_messages.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace nekod::fuzz {
namespace {

struct reading {
  std::vector<std::string> sent;
  std::vector<std::string> rest;
  bool whole = false;
  std::string failure;
  std::string said;

  bool operator==(const reading&) const = default;
};

std::vector<std::string> pieces_of(const deltas& all) {
  std::vector<std::string> pieces;
  all.for_each([&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

template <class Cut>
reading read(bool usage, Cut cut) {
  openai::answer_decoder decoder{usage};
  deltas out{deltas::form::members};
  cut([&](std::string_view piece) { decoder.feed(piece, out); });
  decoder.finish(out);
  reading r;
  r.sent = pieces_of(out);
  r.rest = pieces_of(decoder.take_rest());
  r.whole = decoder.whole();
  if (decoder.failure())
    r.failure = openai::to_json(*decoder.failure(), openai::language::en);
  openai::append_message(r.said, decoder.said());
  return r;
}

std::size_t members_named(const json::value& object, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(object.MemberBegin(), object.MemberEnd(),
                    [&](const auto& m) { return json::text_of(m.name) == name; }));
}

bool has_end(const json::value& choice) {
  return !json::find_string(choice, "finish_reason").value_or(std::string_view{}).empty();
}

/// A chunk as our client gets it.
/// @param may_end Whether it may tell that a choice is finished.
void check_chunk(std::string_view members, bool may_end) {
  const openai::completion_head head{"chatcmpl-ours", 1, "model-ours", "session-ours"};
  std::string event;
  openai::chunk_writer{head, false}.members(event, members);
  constexpr std::string_view field = "data: ";
  check(event.starts_with(field) && event.ends_with("\n\n"), "a chunk is an event");
  const auto data = std::string_view{event}.substr(field.size(), event.size() - field.size() - 2);
  check_one_line_json(data, "a chunk is JSON on one line");

  const auto doc = json::parse(data, json::max_depth + 4);
  constexpr std::array ours{"id", "object", "created", "model", "session_id"};
  for (const auto* name : ours)
    check(members_named(doc.root, name) == 1, "what is ours is in a chunk once");
  check(json::find_string(doc.root, "id") == "chatcmpl-ours", "a chunk has our id");
  check(members_named(doc.root, "error") == 0, "a chunk has no error");
  check(members_named(doc.root, "choices") == 1, "a chunk has its choices once");
  const auto* choices = json::find(doc.root, "choices");
  check(choices->IsArray(), "a chunk's choices are an array");
  for (const auto& choice : choices->GetArray()) {
    check(choice.IsObject(), "a choice is an object");
    check(may_end || !has_end(choice), "no end of a choice goes out before the answer is whole");
  }
}

/// The same stream with white space in every other chunk, so that none is like the one before.
std::string with_each_chunk_unlike(std::string_view stream) {
  constexpr std::string_view begin = "data: {";
  std::string result;
  auto unlike = false;
  while (!stream.empty()) {
    const auto line = stream.substr(0, stream.find('\n'));
    if (line.starts_with(begin) && std::exchange(unlike, !unlike)) {
      result += begin;
      result += ' ';
      result += line.substr(begin.size());
    } else {
      result += line;
    }
    stream.remove_prefix(line.size());
    if (!stream.empty()) {
      result += '\n';
      stream.remove_prefix(1);
    }
  }
  return result;
}

} // namespace

void openai_stream(std::string_view input) {
  for (const auto usage : {false, true}) {
    check(same_however_cut(input, [&](auto cut) { return read(usage, cut); }),
          "the cuts of a stream change nothing");
    const auto all = read(usage, [&](auto feed) { feed(input); });
    check(all == read(usage, [&](auto feed) { feed(with_each_chunk_unlike(input)); }),
          "a chunk is read the same whatever came before");
    check(all.whole == all.failure.empty(), "a stream is whole, or it failed");
    check(all.failure.empty() || json::parse(all.failure), "a failure is JSON");
    for (const auto& chunk : all.sent)
      check_chunk(chunk, false);
    for (const auto& chunk : all.rest)
      check_chunk(chunk, true);
    if (!all.whole)
      continue;
    check(!all.rest.empty(), "a whole stream has an end");
    check(openai::parse_message(all.said).has_value(), "what was said can be told again");
  }
}

} // namespace nekod::fuzz
