#include "actors/upstream/anuneko/chat_preparation.hpp"
#include "tests/unit/support/recording_listener.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using chat::failure_code;

namespace {

struct session : test::recording_listener {
  std::size_t times_said() const override { return said_before; }

  std::size_t said_before = 0;
};

/// A preparation, and a service that answers as the test says.
struct fixture {
  std::string next() {
    const auto call = preparation.next(chat);
    return call ? call->method + " " + call->path : "ready";
  }

  std::optional<chat::failure> answer(const std::string& body) { return end({}, 200, body); }

  std::optional<chat::failure> refuse(std::uint16_t status) {
    return end(chat::failure{failure_code::upstream_error}, status, {});
  }

  std::optional<chat::failure> end(std::optional<chat::failure> problem, std::uint16_t status,
                                   const std::string& body,
                                   transfer_failure failure = transfer_failure::none) {
    upstream_response response;
    response.status = status;
    response.body = body;
    return preparation.on_end(std::move(problem), failure, response, chat, heard);
  }

  upstream_chat chat;
  session heard;
  chat_preparation preparation{account_identity{"anuneko", "account"}, "hello", "Orange Cat"};
};

struct with_chat : fixture {
  with_chat() {
    chat.id = "c1";
    chat.model = "Orange Cat";
  }
};

const std::string told_page = R"({"messages":[{"role":"user","text":"hello"}]})";

} // namespace

TEST_CASE_FIXTURE(fixture, "a new chat is created, then its model is selected") {
  CHECK(next() == "POST /chat");
  CHECK_FALSE(answer(R"({"chat_id":"c1"})"));
  CHECK(chat.id == "c1");
  CHECK(chat.upstream == "anuneko");
  CHECK(chat.account == "account");
  CHECK(chat.is_new);
  CHECK_FALSE(preparation.is_selecting());
  CHECK(next() == "POST /user/select_model");
  CHECK(preparation.is_selecting());
  CHECK_FALSE(answer("{}"));
  CHECK(next() == "ready");
}

TEST_CASE_FIXTURE(fixture, "a chat that could not be created fails the turn") {
  next();
  CHECK(answer("{}")->detail == "cannot create a chat");
  CHECK(refuse(500)->code == failure_code::upstream_error);
  CHECK(chat.id.empty());
}

TEST_CASE_FIXTURE(with_chat, "a chat with the turn's model needs nothing") {
  CHECK(next() == "ready");
}

TEST_CASE_FIXTURE(with_chat, "a pending choice comes first, and may be refused") {
  chat.unsettled_message = "m1";
  next();
  CHECK(refuse(503)); // Not answered at all.
  CHECK(chat.unsettled_message == "m1");
  next();
  CHECK_FALSE(refuse(400)); // The choice may have been made already.
  CHECK(chat.unsettled_message.empty());
  CHECK(next() == "ready");
}

TEST_CASE_FIXTURE(with_chat, "a refused account fails any call") {
  chat.unsettled_message = "m1";
  next();
  CHECK(end(chat::failure{failure_code::upstream_auth_failed}, 401, {})->code ==
        failure_code::upstream_auth_failed);
}

TEST_CASE_FIXTURE(with_chat, "an unsure chat that has the message is replaced") {
  chat.unsure = true;
  next();
  CHECK_FALSE(answer(told_page));
  CHECK(chat.id.empty());
  CHECK_FALSE(chat.unsure);
  CHECK(next() == "POST /chat");
}

TEST_CASE_FIXTURE(with_chat, "an unsure chat is continued if the user has said that before") {
  chat.unsure = true;
  heard.said_before = 1;
  next();
  CHECK_FALSE(answer(told_page));
  CHECK(chat.id == "c1");
  CHECK(chat.messages == 1);
  CHECK(next() == "ready");
}

TEST_CASE_FIXTURE(
    with_chat, "an unsure chat that cannot be read is trusted, unless it may be readable later") {
  chat.unsure = true;
  next();
  CHECK(end(chat::failure{failure_code::upstream_error}, 200, {}, transfer_failure::cut));
  CHECK(refuse(500));
  CHECK(chat.unsure);
  CHECK_FALSE(refuse(404));
  CHECK_FALSE(chat.unsure);
  CHECK(chat.id == "c1");
}

TEST_CASE_FIXTURE(with_chat, "pages are read until there is none left") {
  chat.unsure = true;
  next();
  CHECK_FALSE(answer(R"({"messages":[{"role":"user","text":"one"}],"next_cursor":"a"})"));
  CHECK(chat.unsure);
  CHECK(next().find("cursor=a") != std::string::npos);
  CHECK_FALSE(
      answer(R"({"messages":[{"role":"user","text":"one"}],"next_cursor":"a"})")); // The same again
                                                                                   // leads nowhere.
  CHECK_FALSE(chat.unsure);
}
