#include "bench/simulator/script.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;

namespace {

const ticket some_ticket{"chat", "Tuxedo", 1, 1};

std::string all_events(const script& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i)
    s.append(i, out);
  return out;
}

} // namespace

TEST_CASE("plain events name the answer first") {
  const script s{some_ticket, {story{"miaow\""}}, false};
  CHECK(all_events(s) == "data: {\"msg_id\":\"chat.2\"}\n\n"
                         "data: {\"c\":[{\"v\":\"miao\"}]}\n\n"
                         "data: {\"c\":[{\"v\":\"w\\\"\"}]}\n\n");
}

TEST_CASE("branches are sent side by side, the rest of the longer one alone") {
  const script s{some_ticket, {story{"one"}, story{"another"}}, false};
  CHECK(all_events(s) == "data: {\"msg_id\":\"chat.2\"}\n\n"
                         "data: {\"c\":[{\"v\":\"one\"},{\"v\":\"anot\",\"c\":1}]}\n\n"
                         "data: {\"c\":[{\"v\":\"her\",\"c\":1}]}\n\n");
}

TEST_CASE("named events name the user's message first and the answer last") {
  const script s{some_ticket, {story{"one"}}, true};
  CHECK(all_events(s) == "event: usermsg\ndata: {\"msg_id\":\"chat.1\"}\n\n"
                         "event: start\ndata: {\"choice_num\":1}\n\n"
                         "event: delta\ndata: {\"c\":[{\"v\":\"one\"}]}\n\n"
                         "event: stop\ndata: {\"choice_idx\":0,\"finish_reason\":\"stop\"}\n\n"
                         "event: assistmsg\ndata: {\"msg_id\":\"chat.2\"}\n\n");
}

TEST_CASE("after any number of events it is known what was sent") {
  const script plain{some_ticket, {story{"one two"}}, false};
  CHECK_FALSE(plain.sent(0, false).named_answer);
  CHECK(plain.sent(1, false).named_answer);
  CHECK(plain.sent(1, false).text.empty());
  CHECK(plain.sent(2, false).text == "one ");
  CHECK(plain.sent(plain.size(), true).text == "one two");

  const script named{some_ticket, {story{"one two"}}, true};
  CHECK_FALSE(named.sent(0, false).named_user);
  CHECK(named.sent(1, false).named_user);
  CHECK(named.sent(3, false).text == "one ");
  CHECK_FALSE(named.sent(named.size() - 1, false).named_answer);
  CHECK(named.sent(named.size(), true).named_answer);
}
