#include "tests/unit/support/http_peer.hpp"
#include "tests/unit/support/transfers.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

// How both clients use connections and time.

using namespace nekod;
using namespace std::chrono_literals;
using test::client_fixture;
using test::http_peer;
using test::http_port;
using failure = transfer_failure;

namespace {

template <class F>
void with_either(F f) {
  for (const auto only_curl : {false, true}) {
    CAPTURE(only_curl);
    client_fixture client{only_curl};
    f(client);
  }
}

const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

void exchange(client_fixture& client, http_port& port, http_peer& peer) {
  auto call = client.start(client.get(port.url()));
  peer.request();
  peer.say(answer);
  CHECK(call.got->end() == failure::none);
}

/// A connection that waits for its second request.
http_peer used_connection(client_fixture& client, http_port& port) {
  auto call = client.start(client.get(port.url()));
  auto peer = port.accept();
  peer.request();
  peer.say(answer);
  CHECK(call.got->end() == failure::none);
  return peer;
}

void wait_for_connections(client_fixture& client, std::size_t n) {
  for (int i = 0; i < 5000 && client.client->open_connections() != n; ++i)
    std::this_thread::sleep_for(1ms);
  CHECK(client.client->open_connections() == n);
}

/// A body that comes when the test says so.
class told_body : public body_source {
public:
  explicit told_body(std::optional<std::uint64_t> length) : length_(length) {}

  bool is_broken() const override { return how_ == state::broken; }
  std::optional<std::uint64_t> length() const override { return length_; }

  piece read(char* to, std::size_t room, const std::function<void()>& when_more) override {
    std::lock_guard guard{mutex_};
    if (text_.empty()) {
      if (how_ == state::waiting)
        when_more_ = when_more;
      return {0, how_};
    }
    const auto size = text_.copy(to, room);
    text_.erase(0, size);
    return {size, state::more};
  }

  void tell(std::string text, state then = state::waiting) {
    std::unique_lock lock{mutex_};
    text_ += text;
    how_ = then;
    auto f = std::exchange(when_more_, nullptr);
    lock.unlock();
    if (f)
      f();
  }

private:
  std::mutex mutex_;
  std::optional<std::uint64_t> length_;
  std::string text_;
  std::atomic<state> how_ = state::waiting;
  std::function<void()> when_more_;
};

} // namespace

TEST_CASE("a connection is used again, unless either side closes it") {
  with_either([](client_fixture& client) {
    http_port port;
    auto peer = used_connection(client, port);
    exchange(client, port, peer);
    CHECK(client.client->open_connections() == 1);
    auto call = client.start(client.get(port.url()));
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
    CHECK(call.got->end() == failure::none);
    CHECK(peer.is_closed_by_client());
    wait_for_connections(client, 0);
  });
}

TEST_CASE("bytes behind a response answer nothing") {
  with_either([](client_fixture& client) {
    http_port port;
    auto peer = used_connection(client, port);
    peer.say(answer);
    auto next = used_connection(client, port);
    exchange(client, port, next);
  });
}

TEST_CASE("a request on a connection that dies is sent again, if it may be") {
  with_either([](client_fixture& client) {
    http_port port;
    auto peer = used_connection(client, port);
    auto call = client.start(client.post(port.url(), "body"));
    peer.request();
    peer.close();
    auto next = port.accept();
    CHECK(next.request().ends_with("\r\n\r\nbody"));
    next.say(answer);
    CHECK(call.got->end() == failure::none);

    auto once = client.post(port.url(), "body");
    once.repeatable = false;
    auto lost = client.start(std::move(once));
    next.request();
    next.close();
    CHECK(lost.got->end() == failure::cut);
    wait_for_connections(client, 0);

    http_port other;
    auto first = client.start(client.get(other.url()));
    other.accept().request();
    CHECK(first.got->end() == failure::cut);
  });
}

TEST_CASE("our own client sends nothing again after a byte of a response") {
  client_fixture client{false};
  http_port port;
  auto peer = used_connection(client, port);
  auto begun = client.start(client.get(port.url()));
  peer.request();
  peer.say("H");
  peer.close();
  CHECK(begun.got->end() == failure::cut);
}

TEST_CASE("a transfer that is dropped closes its connection, in every phase") {
  with_either([](client_fixture& client) {
    http_port port;
    for (const auto* said : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}) {
      CAPTURE(said);
      auto call = client.start(client.get(port.url()));
      auto peer = port.accept();
      peer.request();
      peer.say(said);
      const std::string_view text{said};
      if (text.ends_with("half"))
        call.got->body(4);
      call.handle.reset();
      CHECK(peer.is_closed_by_client());
    }
    client.start(client.get(port.url())).handle.reset();
    wait_for_connections(client, 0);
  });
}

TEST_CASE("a reader may drop its transfer, and start another, at an event") {
  with_either([](client_fixture& client) {
    http_port port;
    std::promise<void> over;
    std::unique_ptr<transfer> one;
    client_fixture::running two;
    std::atomic<int> events{0};
    asio::post(client.loops[0], [&] {
      one = client.client->start(1, client.get(port.url("/one")), [&](transfer_event&&) {
        ++events;
        one.reset();
        two = client.start(client.get(port.url("/two")));
        over.set_value();
      });
    });
    auto peer = port.accept();
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\n\r\nendless");
    REQUIRE(over.get_future().wait_for(5s) == std::future_status::ready);
    auto next = port.accept();
    CHECK(next.request().starts_with("GET /two"));
    next.say(answer);
    CHECK(two.got->end() == failure::none);
    CHECK(peer.is_closed_by_client());
    CHECK(events == 1);
  });
}

TEST_CASE("what nobody has room for is not read") {
  for (const auto only_curl : {false, true}) {
    CAPTURE(only_curl);
    client_fixture client{only_curl, 32u << 10};
    http_port port;
    auto call = client.start(client.get(port.url()));
    auto peer = port.accept();
    peer.request();
    constexpr std::size_t size = 16u << 20;
    std::thread server{[&] {
      peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
      peer.say(std::string(size, 'x'));
    }};
    for (int i = 0; i < 5000 && client.counts->credit_stalls.Value() < 1; ++i)
      std::this_thread::sleep_for(1ms);
    CHECK(call.got->body(32u << 10).size() >= 32u << 10);
    CHECK(call.got->body().size() <= 80u << 10);
    call.handle->grant(size);
    CHECK(call.got->end() == failure::none);
    CHECK(call.got->body().size() == size);
    server.join();
  }
}

TEST_CASE("each time limit has its failure") {
  with_either([](client_fixture& client) {
    http_port port;
    auto silent = client.get(port.url());
    silent.limits.first_byte = 100ms;
    auto one = client.start(std::move(silent));
    auto first = port.accept();
    CHECK(one.got->end() == failure::first_byte_timeout);
    CHECK(first.request().starts_with("GET"));
    CHECK(first.is_closed_by_client());

    auto stalls = client.get(port.url());
    stalls.limits.silence = 100ms;
    auto two = client.start(std::move(stalls));
    auto second = port.accept();
    second.request();
    second.say("HTTP/1.1 200 OK\r\n\r\nhalf");
    CHECK(two.got->end() == failure::silence_timeout);
    CHECK(two.got->body() == "half");

    auto lasts = client.get(port.url());
    lasts.limits.whole = 200ms;
    auto three = client.start(std::move(lasts));
    auto third = port.accept();
    CHECK(three.got->end() == failure::whole_timeout);
  });
}

TEST_CASE("a call waits for a connection if there are too many") {
  for (const auto only_curl : {false, true}) {
    CAPTURE(only_curl);
    client_fixture client{only_curl, 64u << 10, 0}; // One, then.
    http_port port;
    auto one = client.start(client.get(port.url("/one")));
    auto two = client.start(client.get(port.url("/two")));
    auto peer = port.accept();
    CHECK(peer.request().starts_with("GET /one"));
    peer.say(answer);
    CHECK(one.got->end() == failure::none);
    CHECK(peer.request().starts_with("GET /two"));
    peer.say(answer);
    CHECK(two.got->end() == failure::none);
    CHECK(client.client->open_connections() == 1);
  }
}

TEST_CASE("a body is sent while it arrives") {
  with_either([](client_fixture& client) {
    http_port port;
    for (const auto has_length : {false, true}) {
      CAPTURE(has_length);
      auto body =
          std::make_shared<told_body>(has_length ? std::optional<std::uint64_t>{10} : std::nullopt);
      auto what = client.post(port.url(), "");
      what.source = body;
      auto call = client.start(std::move(what));
      auto peer = port.accept();
      body->tell("hello");
      auto said = peer.until("hello");
      CHECK(said.find(has_length ? "\r\nContent-Length: 10\r\n"
                                 : "\r\nTransfer-Encoding: chunked\r\n") != said.npos);
      body->tell("world", body_source::state::ended);
      said = peer.until(has_length ? "world" : "world\r\n0\r\n\r\n");
      CHECK(said.find("world") != said.npos);
      peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      CHECK(call.got->end() == failure::none);
    }
    auto broken = std::make_shared<told_body>(std::nullopt);
    auto what = client.post(port.url(), "");
    what.source = broken;
    auto call = client.start(std::move(what));
    auto peer = port.accept();
    broken->tell("", body_source::state::broken);
    CHECK(call.got->end() == failure::cut);
  });
}

/// libcurl ends such a transfer only when more of the body arrives.
TEST_CASE("with our own client an answer may come before the whole body has arrived") {
  client_fixture client{false};
  http_port port;
  auto body = std::make_shared<told_body>(std::nullopt);
  auto what = client.post(port.url(), "");
  what.source = body;
  auto call = client.start(std::move(what));
  auto peer = port.accept();
  body->tell("hello");
  peer.until("hello\r\n");
  peer.say("HTTP/1.1 413 Too Long\r\nContent-Length: 2\r\n\r\nno");
  CHECK(call.got->end() == failure::none);
  CHECK(call.got->head().status == 413);
  CHECK(peer.is_closed_by_client());
}
