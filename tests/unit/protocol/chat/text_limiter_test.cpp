#include "protocol/chat/text_limiter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using chat::answer_limits;
using chat::finish_reason;
using chat::text_limiter;

using strings = std::vector<std::string>;

namespace {

answer_limits limits_of(strings stop, std::optional<std::uint64_t> pieces = std::nullopt) {
  answer_limits result;
  result.stop = std::move(stop);
  result.pieces = pieces;
  return result;
}

/// The result of an answer.
struct outcome {
  std::string text;
  finish_reason reason = finish_reason::stop;
  bool cut = false;

  bool operator==(const outcome&) const = default;
};

/// The limiter's result if the service ends its answer with *reason*.
outcome limited(const answer_limits& limits, const strings& pieces,
                finish_reason reason = finish_reason::content_filter) {
  text_limiter limiter{limits};
  deltas out;
  for (const auto& piece : pieces) {
    deltas one;
    one.push_back(piece);
    limiter.feed(one, out);
  }
  limiter.finish(reason, out);
  return {out.text, *limiter.ended(), limiter.cut()};
}

/// The same by definition.
outcome expected(const answer_limits& limits, const strings& pieces, finish_reason reason) {
  const auto within = std::min<std::size_t>(limits.pieces.value_or(pieces.size()), pieces.size());
  std::string text;
  for (std::size_t i = 0; i < within; ++i)
    text += pieces[i];
  auto first = text.npos;
  for (const auto& stop : limits.stop)
    first = std::min(first, text.find(stop));
  if (first != text.npos)
    return {text.substr(0, first), finish_reason::stop, true};
  return within < pieces.size() ? outcome{text, finish_reason::length, true}
                                : outcome{text, reason, false};
}

/// *text*, split after each character whose bit in *cuts* is set.
strings cut_at(const std::string& text, unsigned cuts) {
  strings result(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    result.back() += text[i];
    if (i + 1 < text.size() && ((cuts >> i) & 1u) != 0)
      result.emplace_back();
  }
  return result;
}

/// The text of *length* characters a and b with that number in binary.
std::string text_of(unsigned number, unsigned length) {
  std::string result;
  for (unsigned i = 0; i < length; ++i)
    result += ((number >> i) & 1u) != 0 ? 'b' : 'a';
  return result;
}

} // namespace

TEST_CASE("texts of two letters end where the definition ends them, however they are split") {
  constexpr unsigned length = 7;
  const std::vector<strings> stops{{"a"},
                                   {"ab"},
                                   {"aab"},
                                   {"abab"},
                                   {"abb", "b"},
                                   {"b", "abb"},
                                   {"abba", "bb"},
                                   {"aa", "aab"},
                                   {"aabaa", "ab"},
                                   {"bbbb", "ba"},
                                   {"abaab", "baa", "aaaa", "bb"}};
  const std::vector<std::optional<std::uint64_t>> piece_limits{std::nullopt, 1, 2, 3};
  std::size_t wrong = 0;
  for (const auto& stop : stops)
    for (const auto& most : piece_limits)
      for (unsigned number = 0; number < 1u << length; ++number)
        for (unsigned cuts = 0; cuts < 1u << (length - 1); ++cuts) {
          const auto limits = limits_of(stop, most);
          const auto pieces = cut_at(text_of(number, length), cuts);
          if (limited(limits, pieces) != expected(limits, pieces, finish_reason::content_filter))
            ++wrong;
        }
  CHECK(wrong == 0);
}

TEST_CASE("of overlapping stop texts the one that begins first counts") {
  CHECK(limited(limits_of({"b", "abc"}), {"xabcx"}).text == "x");
  CHECK(limited(limits_of({"b", "abc"}), {"xabx"}).text == "xa");
  CHECK(limited(limits_of({"b", "abc"}), {"xab"}).text == "xa");
}

TEST_CASE("a stop text of several bytes per character ends an answer inside a piece") {
  const auto limits = limits_of({"喵。"});
  CHECK((limited(limits, {"你好喵", "。再见"}) == outcome{"你好", finish_reason::stop, true}));
  CHECK((limited(limits, {"你好喵", "！"}) ==
         outcome{"你好喵！", finish_reason::content_filter, false}));
}

TEST_CASE("text is held back only while it may be the beginning of a stop text") {
  text_limiter limiter{limits_of({"END", "STOP"})};
  const auto after = [&](const std::string& piece) {
    deltas in;
    deltas out;
    in.push_back(piece);
    limiter.feed(in, out);
    return out.text;
  };
  CHECK(after("one E") == "one ");
  CHECK(after("N").empty());
  CHECK(after("E") == "EN");
  CHECK(after("x ST") == "Ex ");
  CHECK(after("OP three").empty());
  CHECK(limiter.ended() == finish_reason::stop);
  CHECK(after("more").empty());
}

TEST_CASE("pieces stay separate while nothing is held back") {
  for (const auto& limits : {limits_of({}, 9), limits_of({"END"})}) {
    text_limiter limiter{limits};
    deltas in;
    deltas out;
    in.push_back("one ");
    in.push_back("two");
    limiter.feed(in, out);
    CHECK(out.ends.size() == 2);
    CHECK(out.piece(1) == "two");
  }
}

TEST_CASE("an answer with exactly the allowed number of pieces ends as its service ends it") {
  CHECK((limited(limits_of({}, 2), {"a", "b"}, finish_reason::stop) ==
         outcome{"ab", finish_reason::stop, false}));
  CHECK((limited(limits_of({}, 2), {"a", "b", "c"}) == outcome{"ab", finish_reason::length, true}));
}

TEST_CASE("the end by length is known when a piece exceeds the limit, not before") {
  text_limiter limiter{limits_of({}, 1)};
  deltas in;
  deltas out;
  in.push_back("one");
  limiter.feed(in, out);
  CHECK(out.text == "one");
  CHECK_FALSE(limiter.ended());
  limiter.feed(in, out);
  CHECK(out.text == "one");
  CHECK(limiter.ended() == finish_reason::length);
}

TEST_CASE("a stop text within the limit's pieces wins over the length, and not beyond them") {
  CHECK((limited(limits_of({"END"}, 2), {"a", "bENDc", "d"}) ==
         outcome{"ab", finish_reason::stop, true}));
  CHECK((limited(limits_of({"END"}, 2), {"a", "bEN", "D"}) ==
         outcome{"abEN", finish_reason::length, true}));
}

TEST_CASE("copies of a limiter end their answers independently") {
  text_limiter one{limits_of({"END"})};
  auto other = one;
  deltas in;
  deltas out;
  in.push_back("END");
  one.feed(in, out);
  CHECK(one.ended());
  CHECK_FALSE(other.ended());
}
