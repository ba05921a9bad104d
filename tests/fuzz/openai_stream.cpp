#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/fuzz/chunks.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

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
    r.failure = openai::to_json(*decoder.failure(), language::en);
  openai::append_message(r.said, decoder.said());
  return r;
}

/// The same stream with white space in every other chunk, so that no chunk has the form of the one
/// before.
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
    auto chunks = all.sent;
    chunks.insert(chunks.end(), all.rest.begin(), all.rest.end());
    check_whole_stream(chunks, all.said);
  }
}

} // namespace nekod::fuzz
