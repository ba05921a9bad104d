#include "bench/load/anuneko_dialogue.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::load;

namespace {

options plan() {
  options o;
  o.target = {"host", "1", "/api/v1"};
  o.speaks = language::anuneko;
  o.stream = true;
  o.turns = 2;
  o.message = "{turn} of {conversation}";
  o.expected_pieces = 2;
  return o;
}

constexpr std::string_view reply = "data: {\"msg_id\":\"m7\"}\n\ndata: {\"c\":[{\"v\":\"a\"}]}\n\n"
                                   "data: {\"c\":[{\"v\":\"b\"}]}\n\n";

/// Answers the newest request with *body*; returns its fault.
std::string answer(dialogue& d, std::string_view body, unsigned status = 200) {
  d.on_body(status, body);
  const auto f = d.on_end(status);
  return f ? f->detail : std::string{};
}

} // namespace

TEST_CASE("a turn is a message and a choice, and the first one begins with a chat") {
  const auto o = plan();
  const post_writer w{o};
  anuneko_dialogue d{o, w, "c"};

  d.begin_turn();
  CHECK(d.next_request().starts_with("POST /api/v1/chat HTTP/1.1\r\n"));
  CHECK_FALSE(d.is_measured());
  CHECK(answer(d, R"({"chat_id":"x1"})") == "");
  const auto message = d.next_request();
  CHECK(message.starts_with("POST /api/v1/msg/x1/stream "));
  CHECK(message.find("1 of c") != std::string::npos);
  CHECK(d.is_measured());
  CHECK(answer(d, reply) == "");
  CHECK(d.next_request().find(R"("m7")") != std::string::npos);
  CHECK_FALSE(d.is_measured());
  CHECK(answer(d, "{}") == "");
  CHECK(d.next_request() == "");
  CHECK_FALSE(d.over());

  d.begin_turn();
  CHECK(d.next_request().find("2 of c") != std::string::npos);
  CHECK(d.over());
}

TEST_CASE("pieces are counted as they arrive") {
  const auto o = plan();
  const post_writer w{o};
  anuneko_dialogue d{o, w, "c"};
  d.begin_turn();
  d.next_request();
  answer(d, R"({"chat_id":"x1"})");
  d.next_request();
  std::size_t pieces = 0;
  for (char c : reply)
    pieces += d.on_body(200, {&c, 1});
  CHECK(pieces == 2);
  CHECK_FALSE(d.on_end(200));
}

TEST_CASE("an error of the service is a fault, and so is a missing part") {
  const auto o = plan();
  const post_writer w{o};
  for (auto [body, fault] :
       {std::pair{"{\"code\":\"chat_choice_shown\"}\n", "error event: chat_choice_shown"},
        std::pair{"data: {\"c\":[{\"v\":\"a\"}]}\n\n", "the number of pieces is not 2"}}) {
    anuneko_dialogue d{o, w, "c"};
    d.begin_turn();
    d.next_request();
    answer(d, R"({"chat_id":"x1"})");
    d.next_request();
    CHECK(answer(d, body) == fault);
  }
  anuneko_dialogue d{o, w, "c"};
  d.begin_turn();
  d.next_request();
  CHECK(answer(d, "{}") == "a new chat has no id");
  CHECK(answer(d, "", 401) == "401");
}
