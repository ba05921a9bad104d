#include "tests/unit/support/http_peer.hpp"
#include "tests/unit/support/transfers.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <string>

// Bytes for which nobody waits, and which our own client therefore lets gather. Most tests have a
// gather time that never passes, so that only many bytes or the connection's end lead to a read.

using namespace nekod;
using namespace std::chrono_literals;
using test::client_fixture;
using test::http_peer;
using test::http_port;
using failure = transfer_failure;

namespace {

const std::string until_close = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string last_chunk = "0\r\n\r\n";

/// As many bytes as do not gather.
const std::string many(40u << 10, 'm');

/// So many of them are read at once. The rest may arrive after that, and gathers.
constexpr std::size_t at_once = 32u << 10;

constexpr std::size_t quick_reads = 4;

struct fixture {
  explicit fixture(std::chrono::milliseconds time = 1h, std::size_t window = 256u << 10)
      : client(false, window, 16, time) {}

  http_call whole() const {
    auto call = client_fixture::get(port.url());
    call.may_gather = true;
    return call;
  }

  static std::string chunk(const std::string& data) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + data + "\r\n";
  }

  http_port port;
  client_fixture client;
};

/// A call of which so many pieces were read singly that its bytes gather now.
struct gathering_call {
  gathering_call(fixture& f, http_call call, const std::string& head,
                 std::string (*framed)(const std::string&))
      : running(f.client.start(std::move(call))), peer(f.port.accept()) {
    peer.request();
    peer.say(head + framed("0"));
    for (std::size_t i = 1; i <= quick_reads; ++i) {
      CHECK(running.got->body(i).size() == i);
      peer.say(framed(std::to_string(i)));
    }
    CHECK(running.got->body(1 + quick_reads).size() == 1 + quick_reads);
  }

  client_fixture::running running;
  http_peer peer;
};

std::string plain(const std::string& data) { return data; }

} // namespace

TEST_CASE("bytes that come fast and that nobody waits for are read together") {
  fixture f;
  gathering_call call{f, f.whole(), until_close, plain};
  for (const auto* piece : {"a", "b", "c", "d"})
    call.peer.say(piece);
  call.peer.close();
  CHECK(call.running.got->end() == failure::none);
  CHECK(call.running.got->body() == "01234abcd");
  CHECK(call.running.got->pieces() == 1 + quick_reads + 1);
}

TEST_CASE("chunks that are read together are handed on together") {
  fixture f;
  auto running = f.client.start(client_fixture::get(f.port.url()));
  auto peer = f.port.accept();
  peer.request();
  peer.say(chunked + fixture::chunk("a") + fixture::chunk("b") + fixture::chunk("c") + last_chunk);
  CHECK(running.got->end() == failure::none);
  CHECK(running.got->body() == "abc");
  CHECK(running.got->pieces() == 1);
}

TEST_CASE("many bytes do not gather") {
  fixture f;
  gathering_call call{f, f.whole(), until_close, plain};
  call.peer.say(many);
  CHECK(call.running.got->body(5 + at_once).size() >= 5 + at_once);
}

TEST_CASE("gathered bytes are read when their time has come") {
  fixture f{1ms};
  auto running = f.client.start(f.whole());
  auto peer = f.port.accept();
  peer.request();
  peer.say(chunked);
  std::string said;
  for (int i = 0; i < 1000; ++i) {
    said += std::to_string(i);
    peer.say(fixture::chunk(std::to_string(i)));
  }
  peer.say(last_chunk);
  CHECK(running.got->end() == failure::none);
  CHECK(running.got->body() == said);
}

TEST_CASE("bytes that somebody waits for do not gather, nor do those of a known length") {
  fixture f;
  for (const auto may_gather : {false, true}) {
    CAPTURE(may_gather);
    auto call = f.whole();
    call.may_gather = may_gather;
    auto running = f.client.start(std::move(call));
    auto peer = f.port.accept();
    peer.request();
    peer.say(may_gather ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" : until_close);
    for (std::size_t i = 1; i <= 20; ++i) {
      peer.say("x");
      CHECK(running.got->body(i).size() == i);
    }
  }
}

TEST_CASE("a call is cancelled, and its time limits are kept, while its bytes gather") {
  fixture f;
  {
    gathering_call dropped{f, f.whole(), chunked, fixture::chunk};
    dropped.running.handle.reset();
    CHECK(dropped.peer.is_closed_by_client());
  }
  auto silent = f.whole();
  silent.limits.silence = 1s;
  gathering_call late{f, std::move(silent), chunked, fixture::chunk};
  CHECK(late.running.got->end() == failure::silence_timeout);
  auto brief = f.whole();
  brief.limits.whole = 1s;
  gathering_call long_one{f, std::move(brief), chunked, fixture::chunk};
  CHECK(long_one.running.got->end() == failure::whole_timeout);
}

TEST_CASE("a connection whose bytes gathered shows each byte to its next call") {
  fixture f;
  gathering_call first{f, f.whole(), chunked, fixture::chunk};
  first.peer.say(fixture::chunk(many) + last_chunk);
  CHECK(first.running.got->end() == failure::none);
  auto next = f.client.start(client_fixture::get(f.port.url()));
  first.peer.request();
  first.peer.say(chunked);
  for (std::size_t i = 1; i <= 20; ++i) {
    first.peer.say(fixture::chunk("x"));
    CHECK(next.got->body(i).size() == i);
  }
  CHECK(f.client.client->open_connections() == 1);
}

TEST_CASE("a call that paused while its bytes gathered goes on with each byte") {
  constexpr std::size_t window = 20u << 10;
  fixture f{100ms, window};
  gathering_call call{f, f.whole(), until_close, plain};
  call.peer.say(many);
  CHECK(call.running.got->body(window).size() >= window);
  call.running.handle->grant(1u << 20);
  CHECK(call.running.got->body(5 + many.size()).size() == 5 + many.size());
  for (std::size_t i = 1; i <= 20; ++i) {
    call.peer.say("x");
    CHECK(call.running.got->body(5 + many.size() + i).ends_with("x"));
  }
}
