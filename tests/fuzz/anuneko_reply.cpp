#include "protocol/anuneko/reply_decoder.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>
#include <vector>

namespace nekod::fuzz {
namespace {

struct reading {
  std::vector<std::string> pieces;
  std::string error;
  std::string detail;
  std::string message_id;
  std::string finish_reason;
  std::uint64_t skipped = 0;

  bool operator==(const reading&) const = default;
};

template <class Cut>
reading read(int branch, Cut cut) {
  anuneko::reply_decoder decoder{branch};
  deltas out;
  cut([&](std::string_view piece) {
    const auto failed = decoder.error().has_value();
    const auto before = out.ends.size();
    decoder.feed(piece, out);
    check(!failed || out.ends.size() == before, "nothing is taken after an error");
  });
  decoder.finish(out);
  reading r;
  out.for_each([&](std::string_view piece) { r.pieces.emplace_back(piece); });
  if (decoder.error()) {
    r.error = decoder.error()->code;
    r.detail = decoder.error()->detail;
    check(!r.error.empty(), "an error has a code");
  }
  r.message_id = decoder.message_id();
  r.finish_reason = decoder.finish_reason();
  r.skipped = decoder.skipped();
  return r;
}

} // namespace

void anuneko_reply(std::string_view input) {
  for (const auto branch : {0, 1}) {
    check(same_however_cut(input, [&](auto cut) { return read(branch, cut); }),
          "the cuts of a reply change nothing");
    const auto all = read(branch, [&](auto feed) { feed(input); });
    for (const auto& piece : all.pieces)
      check(!piece.empty() && is_utf8(piece), "a piece is whole characters");
    for (const auto* text : {&all.error, &all.detail, &all.message_id, &all.finish_reason})
      check(is_utf8(*text), "what is told of a reply is UTF-8");
    check(!all.pieces.empty() || !all.error.empty() || !input.empty(), "silence is an error");
  }
}

} // namespace nekod::fuzz
