#include "actors/session/conversation/conversation_digest.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

using namespace nekod;
using chat::role;

namespace {

using messages = std::vector<chat::message>;

const conversation_digest digest{"a key"};

std::string of(const messages& all) {
  std::string result;
  for (const auto& m : all)
    result = digest.extend(result, m.speaker, m.text);
  return result;
}

chat::request request(messages all, bool stream = true) {
  chat::request r;
  r.messages = std::move(all);
  r.stream = stream;
  return r;
}

} // namespace

TEST_CASE("a digest has 128 bits in hex digits, and the digest of no messages is empty") {
  CHECK(of({}).empty());
  CHECK(of({{role::user, "hello"}}).size() == 32);
  CHECK(of({{role::user, "hello"}}) == of({{role::user, "hello"}}));
}

TEST_CASE("digests depend on the key") {
  const conversation_digest other{"another key"};
  CHECK(other.extend("", role::user, "hello") != digest.extend("", role::user, "hello"));
}

TEST_CASE("differences that clients are known to make are ignored") {
  auto hello = of({{role::user, "hello"}, {role::assistant, "meow"}});
  CHECK(of({{role::user, "hello"}, {role::assistant, "meow \r\n\t"}}) == hello);
  CHECK(of({{role::system, ""},
            {role::user, "hello"},
            {role::assistant, " \n"},
            {role::assistant, "meow"}}) == hello);
}

TEST_CASE("all others count") {
  std::vector<messages> distinct{
      {{role::user, "hello"}, {role::assistant, "meow"}},
      {{role::user, "hello"}, {role::assistant, "Meow"}},
      {{role::user, "hello"}, {role::assistant, " meow"}},
      {{role::user, "hello"}, {role::user, "meow"}},
      {{role::user, "hello\nmeow"}},
      {{role::user, "hellomeow"}},
      {{role::assistant, "meow"}, {role::user, "hello"}},
      {{role::system, "hello"}, {role::assistant, "meow"}},
      {{role::developer, "hello"}, {role::assistant, "meow"}},
      {{role::user, "hello"}},
      {{role::user, "hello"}, {role::assistant, "me"}, {role::assistant, "ow"}},
      {{role::user, "hel"}, {role::user, "lo"}, {role::assistant, "meow"}},
      {{role::user, "2hello"}},
      {{role::user, "hello "}, {role::assistant, "m eow"}},
  };
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    CAPTURE(i);
    CHECK(seen.emplace(of(distinct[i]), i).second);
  }
}

TEST_CASE("random conversations have different digests") {
  std::mt19937 random{7};
  auto pick = [&](int n) { return std::uniform_int_distribution<int>{0, n - 1}(random); };
  constexpr std::string_view letters = "ab0234 \n";
  std::map<std::string, std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    messages all;
    std::string spelled;
    for (int k = 1 + pick(4); k > 0; --k) {
      std::string text;
      for (int n = pick(4); n > 0; --n)
        text += letters[static_cast<std::size_t>(pick(static_cast<int>(letters.size())))];
      auto speaker = static_cast<role>(pick(6));
      all.emplace_back(speaker, text);
      text.erase(text.find_last_not_of(" \n") + 1);
      if (!text.empty())
        spelled += std::to_string(static_cast<int>(speaker)) + ":" + std::to_string(text.size()) +
                   ":" + text + ";";
    }
    auto [entry, added] = seen.emplace(of(all), spelled);
    if (entry->second != spelled)
      FAIL_CHECK("two conversations have one digest: ", entry->second, " and ", spelled);
  }
}

TEST_CASE("a request is recognised by the messages before its new part") {
  messages before{{role::system, "be kind"}, {role::user, "hello"}, {role::assistant, "meow"}};
  auto all = before;
  all.emplace_back(role::user, "and then?");
  const auto digests = digest.of(request(all));
  CHECK(digests.prompt == of({before.front()}));
  CHECK(digests.before == of(before));
  CHECK(digests.asked == of(all));
  CHECK(digests.tell_history());
}

TEST_CASE("without an answer there is nothing before the new part") {
  for (const auto& all :
       {messages{{role::user, "hello"}}, messages{{role::system, "be kind"}, {role::user, "hello"}},
        messages{{role::user, "a"}, {role::assistant, " "}, {role::user, "b"}}}) {
    const auto digests = digest.of(request(all));
    CHECK_FALSE(digests.tell_history());
    CHECK(digests.asked == of(all));
  }
}

TEST_CASE("a prefill is not an answer, and is replaced by the answer") {
  const messages before{{role::user, "hello"}, {role::assistant, "meow"}};
  auto all = before;
  all.emplace_back(role::user, "and then?");
  const auto asked = of(all);
  all.emplace_back(role::assistant, "Then");
  CHECK(digest.of(request(all)).before == of(before));
  CHECK(digest.of(request(all)).asked == asked);
}

TEST_CASE("a name's digest is not that of a conversation") {
  CHECK(digest.of_name("a") != digest.of_name("b"));
  for (auto speaker : {role::system, role::user, role::assistant})
    CHECK(digest.of_name("a") != of({{speaker, "a"}}));
}

TEST_CASE(
    "the parts of a request are distinguished, and their digest is not that of a conversation") {
  CHECK(digest.of_parts({"a", "b", ""}) == digest.of_parts({"a", "b", ""}));
  CHECK(digest.of_parts({"a", "b", ""}).size() == 32);
  CHECK(digest.of_parts({"a", "b", ""}) != digest.of_parts({"b", "a", ""}));
  CHECK(digest.of_parts({"ab", "", ""}) != digest.of_parts({"a", "b", ""}));
  CHECK(digest.of_parts({"a", "b", ""}) != digest.of_parts({"a", "", "b"}));
  CHECK(digest.of_parts({"1,", "x", ""}) != digest.of_parts({"1", ",x", ""}));
  CHECK(digest.of_parts({"hello"}) != of({{role::user, "hello"}}));
  CHECK(digest.of_parts({"hello"}) != conversation_digest{"another key"}.of_parts({"hello"}));
}

TEST_CASE("requests for a whole title or summary do not join the conversation") {
  messages title{{role::user, "Please generate a four to five word TITLE summarizing this"}};
  CHECK(is_aside(request(title, false)));
  CHECK_FALSE(is_aside(request(title, true)));
  CHECK(is_aside(request({{role::user, "使用四到五个字直接返回这句话的简要主题"}}, false)));
  CHECK_FALSE(is_aside(request({{role::user, "go on"}}, false)));
}

TEST_CASE("a step of an agent is no request for a title, whatever its words are") {
  const messages asked{{role::user, "write a summary of the README into title.txt"}};
  CHECK(is_aside(request(asked, false)));
  auto with_tools = request(asked, false);
  with_tools.demands = {"tools"};
  CHECK_FALSE(is_aside(with_tools));
  with_tools.demands.clear();
  with_tools.ignored = {"tools.web_search"};
  CHECK_FALSE(is_aside(with_tools));
  auto step = asked;
  step.emplace_back(role::assistant, "I read it.");
  step.emplace_back(role::tool, "title");
  CHECK_FALSE(is_aside(request(step, false)));
  step.emplace_back(role::user, "Now a title for it");
  CHECK(is_aside(request(step, false)));
  step.emplace_back(role::system, "in five words");
  CHECK(is_aside(request(step, false)));
}

TEST_CASE("tool calls and their results are part of a conversation") {
  auto message = [](role speaker, const std::string& text, const std::string& more) {
    chat::message m{speaker, text};
    m.more = more;
    return m;
  };
  auto call = message(role::assistant, "", "call=1\n");
  CHECK(digest.of({{role::user, "hi"}, call}) != digest.of({{role::user, "hi"}}));
  CHECK(digest.of({call}) != digest.of({message(role::assistant, "", "call=2\n")}));
  CHECK(digest.of({call}) != digest.of({message(role::user, "", "call=1\n")}));
  // No text passes for a call.
  CHECK(digest.of({call}) != digest.of({{role::assistant, "call=1\n"}}));
  CHECK(digest.of({message(role::assistant, "a", "b")}) !=
        digest.of({message(role::assistant, "ab", "")}));
  CHECK(digest.of({message(role::assistant, "a", "bc")}) !=
        digest.of({message(role::assistant, "ab", "c")}));
}

TEST_CASE("a request that only adds instructions does not join the conversation") {
  messages all{{role::user, "hello"}, {role::assistant, "meow"}, {role::system, "in short"}};
  CHECK(is_aside(request(all, true)));
  all.emplace_back(role::user, "go on");
  CHECK_FALSE(is_aside(request(all, true)));
  all.back() = {role::tool, "sunny"};
  CHECK_FALSE(is_aside(request(all, true)));
}
