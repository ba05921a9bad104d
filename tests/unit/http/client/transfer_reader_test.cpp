#include "http/client/transfer_reader.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace nekod;
using nekod::http::transfer_reader;

TEST_CASE("a reader gets events with the transfer's number") {
  std::vector<transfer_event> got;
  transfer_reader reader{7, [&](transfer_event&& e) { got.push_back(std::move(e)); }};
  auto data = reader.event(transfer_event::kind::data);
  data.bytes = "abc";
  reader.send(data);
  reader.send_end(transfer_failure::cut);
  REQUIRE(got.size() == 2);
  CHECK(got[0].what == transfer_event::kind::data);
  CHECK(got[0].transfer == 7);
  CHECK(got[0].bytes == "abc");
  CHECK(got[1].what == transfer_event::kind::end);
  CHECK(got[1].transfer == 7);
  CHECK(got[1].failure == transfer_failure::cut);
}

TEST_CASE("a reader that drops the transfer at an event gets no other one") {
  int events = 0;
  transfer_reader* self = nullptr;
  transfer_reader reader{1, [&](transfer_event&&) {
                           ++events;
                           self->drop();
                         }};
  self = &reader;
  auto data = reader.event(transfer_event::kind::data);
  CHECK_FALSE(reader.has_dropped());
  reader.send(data);
  CHECK(reader.has_dropped());
  reader.send(data);
  reader.send_end(transfer_failure::none);
  CHECK(events == 1);
}

TEST_CASE("the time when the client left is kept") {
  transfer_reader reader{1, [](transfer_event&&) {}};
  CHECK(reader.client_left() == transfer_reader::clock::time_point{});
  const auto then = transfer_reader::clock::now();
  reader.abandon(then);
  CHECK(reader.client_left() == then);
}
