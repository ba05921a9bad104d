#include "protocol/openai/responses/condensed_replay.hpp"
#include "protocol/openai/responses/event_stream.hpp"
#include "tests/unit/protocol/openai/responses/answer_pieces.hpp"
#include "tests/unit/protocol/openai/responses/stream_fold.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace nekod;
using namespace nekod::openai::responses;
using namespace nekod::test;
using strings = std::vector<std::string>;

namespace {

/// A random answer: its pieces, and all that it says.
class random_answer {
public:
  explicit random_answer(unsigned seed) : random_(seed) {
    const auto runs = below(6);
    for (std::size_t i = 0; i < runs; ++i)
      add_run();
    reason_ = pick(std::array<std::string, 3>{"stop", "length", "content_filter"});
  }

  const strings& pieces() const { return pieces_; }
  chat::answer_end end() const { return ending(reason_); }
  const std::string& reason() const { return reason_; }

  /// All text, refusals, reasoning, and arguments by call.
  const std::map<std::string, std::string>& all() const { return all_; }

private:
  std::size_t below(std::size_t n) { return random_() % n; }

  template <std::size_t N>
  std::string pick(const std::array<std::string, N>& from) {
    return from[below(N)];
  }

  std::string text() {
    static const std::array<std::string, 10> words{"a",    "bc",   "\"", "\\", "\n",
                                                   "\x01", "中文", "😀",  "}",  "{\"input\":"};
    std::string out;
    for (auto n = 1 + below(4); n > 0; --n)
      out += pick(words);
    return out;
  }

  void add_run() {
    static const std::array<std::string, 4> names{"content", "refusal", "reasoning_content",
                                                  "reasoning"};
    if (below(3) == 0) {
      add_calls();
      return;
    }
    const auto name = pick(names);
    for (auto n = 1 + below(4); n > 0; --n) {
      const auto piece = text();
      pieces_.push_back(said(piece, name));
      all_[name == "reasoning_content" ? "reasoning" : name] += piece;
    }
  }

  /// Calls whose pieces alternate at random.
  void add_calls() {
    struct call {
      int index;
      std::string rest;
    };
    std::vector<call> calls;
    for (auto n = 1 + below(3); n > 0; --n) {
      const auto name = pick(std::array<std::string, 3>{"f", "ns__g", "patch"});
      const auto input = text();
      // Now and then no JSON.
      const auto is_json = below(5) != 0;
      auto arguments = is_json ? R"({"input":)" + json::quote(input) + "}" : "no " + input;
      all_["call " + std::to_string(count_)] = is_json && name == "patch" ? input : arguments;
      pieces_.push_back(call_begins(count_, "id" + std::to_string(count_), name));
      calls.push_back({count_++, std::move(arguments)});
    }
    while (!calls.empty()) {
      auto& at_hand = calls[below(calls.size())];
      auto length = std::min(1 + below(6), at_hand.rest.size());
      while (length < at_hand.rest.size() && (at_hand.rest[length] & 0xc0) == 0x80)
        ++length;
      pieces_.push_back(call_goes_on(at_hand.index, at_hand.rest.substr(0, length)));
      at_hand.rest.erase(0, length);
      if (at_hand.rest.empty())
        calls.erase(calls.begin() + (&at_hand - calls.data()));
    }
  }

  std::mt19937 random_;
  strings pieces_;
  std::string reason_;
  std::map<std::string, std::string> all_;
  int count_ = 0;
};

tool_bridge bridge() {
  tool_bridge b;
  b.add("patch", {client_tool::kind::custom, "patch", ""});
  b.add("ns__g", {client_tool::kind::function, "g", "ns"});
  return b;
}

void add_parts(std::map<std::string, std::string>& all, const json::value& list) {
  for (const auto& part : list.GetArray()) {
    const auto type = json::find_string(part, "type").value_or("");
    if (type == "refusal")
      all["refusal"] += *json::find_string(part, "refusal");
    else
      all[type == "output_text" ? "content" : "reasoning"] += *json::find_string(part, "text");
  }
}

/// What an output says, as `random_answer::all`.
std::map<std::string, std::string> all_of(const std::string& output) {
  std::map<std::string, std::string> all;
  const auto doc = json::parse(output);
  REQUIRE(doc);
  for (const auto& item : doc.root.GetArray()) {
    for (const auto* name : {"summary", "content"})
      if (const auto* list = json::find(item, name))
        add_parts(all, *list);
    if (const auto id = json::find_string(item, "call_id")) {
      const auto arguments = json::find_string(item, "arguments");
      all["call " + std::string{id->substr(2)}] =
          arguments ? *arguments : *json::find_string(item, "input");
    }
  }
  if (all["content"].empty())
    all.erase("content");
  return all;
}

} // namespace

TEST_CASE("clients read from any stream all that the answer says") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const random_answer answer{seed};
    const auto form = seed % 2 == 0 ? reasoning_form::text : reasoning_form::summary;
    event_stream stream{head(), bridge(), {.reasoning = form}};
    std::string out;
    stream.begin(out);
    stream.start(out);
    for (const auto& piece : answer.pieces())
      stream.piece(out, deltas::form::members, piece);
    stream.end(out, answer.end(), 1700000009);
    const stream_fold read{out};
    CHECK(read.status == (answer.reason() == "stop" ? "completed" : "incomplete"));
    CHECK(all_of(read.output) == answer.all());

    std::string again;
    append_replay(again, stream.head(), stream.result());
    CHECK(stream_fold{again}.response == read.response);
  }
}

TEST_CASE("a reader that comes later reads the rest of any stream") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    const random_answer answer{seed};
    const auto all = stream_of(answer.pieces(), answer.end(), {}, bridge());
    const stream_fold read{all};
    const auto after = static_cast<std::int64_t>(seed % read.types.size());
    auto rest = all;
    for (std::int64_t i = 0; i <= after; ++i)
      rest.erase(0, rest.find("\n\n") + 2);
    CHECK(stream_of(answer.pieces(), answer.end(), {.after = after}, bridge()) == rest);
  }
}

TEST_CASE("how a text is split into pieces changes no item") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const std::string text = "a\"\\\n中文😀 {}[]";
    output_items whole{"resp_1", reasoning_form::text, {}};
    output_items split{"resp_1", reasoning_form::text, {}};
    whole.take(deltas::form::text, text);
    for (std::size_t i = 0; i < text.size();) {
      auto end = std::min<std::size_t>(text.size(), i + 1 + random() % 4);
      while (end < text.size() && (text[end] & 0xc0) == 0x80)
        ++end;
      const auto piece = text.substr(i, end - i);
      if (random() % 2 == 0)
        split.take(deltas::form::text, piece);
      else
        split.take(deltas::form::members, said(piece));
      i = end;
    }
    whole.end(chat::finish_reason::stop);
    split.end(chat::finish_reason::stop);
    CHECK(whole.take_items()[0].json == split.take_items()[0].json);
  }
}
