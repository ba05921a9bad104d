#include "tests/unit/support/http_peer.hpp"
#include "tests/unit/support/transfers.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

// What both clients make of responses.

using namespace nekod;
using test::client_fixture;
using test::http_port;
using failure = transfer_failure;

namespace {

/// Runs *f* with either client.
template <class F>
void with_both(F f) {
  for (const auto only_curl : {false, true}) {
    CAPTURE(only_curl);
    client_fixture client{only_curl};
    f(client);
  }
}

const std::string ok = "HTTP/1.1 200 OK\r\n";

struct outcome {
  std::string body;
  failure end = failure::none;
  bool has_head = false;

  bool operator==(const outcome&) const = default;
};

/// What a reader gets of *bytes* behind which the connection closes.
outcome of(client_fixture& client, std::string_view bytes) {
  http_port port;
  auto call = client.start(client.get(port.url()));
  auto peer = port.accept();
  peer.request();
  peer.say(bytes);
  peer.close();
  outcome result;
  result.end = call.got->end();
  result.body = call.got->body();
  result.has_head = call.got->has_head();
  return result;
}

} // namespace

TEST_CASE("a request says what the call says, and its response is handed on") {
  with_both([](client_fixture& client) {
    http_port port;
    auto what = client.post(port.url("/v1/chat?a=b"), "hello");
    what.headers.emplace_back("X-Empty", "");
    auto call = client.start(std::move(what));
    auto peer = port.accept();
    const auto request = peer.request();
    CHECK(request.starts_with("POST /v1/chat?a=b HTTP/1.1\r\n"));
    CHECK(request.ends_with("\r\n\r\nhello"));
    for (const std::string& line :
         {"Host: 127.0.0.1:" + std::to_string(port.number()), std::string{"Content-Length: 5"},
          std::string{"Content-Type: text/plain"}, std::string{"Accept: */*"},
          std::string{"Accept-Encoding: identity"}}) {
      CAPTURE(line);
      CHECK(request.find("\r\n" + line + "\r\n") != request.npos);
    }
    CHECK(request.find("X-Empty") == request.npos);
    CHECK(request.find("Expect") == request.npos);
    peer.say("HTTP/1.1 429 Slow\r\nContent-Type: Text/Plain\r\nRetry-After: 3\r\n"
             "Content-Length: 4\r\n\r\nwait");
    CHECK(call.got->end() == failure::none);
    const auto head = call.got->head();
    CHECK(head.status == 429);
    CHECK(head.transfer == 7);
    CHECK(head.content_type == "text/plain");
    CHECK(head.retry_after == std::chrono::seconds{3});
    CHECK_FALSE(head.fields);
    CHECK(call.got->body() == "wait");
  });
}

TEST_CASE("bodies end by their length, their last chunk, or the close") {
  with_both([](client_fixture& client) {
    const outcome hello{"hello", failure::none, true};
    CHECK(of(client, ok + "Content-Length: 5\r\n\r\nhello") == hello);
    CHECK(of(client, ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n"
                          "0\r\nX-A: b\r\n\r\n") == hello);
    CHECK(of(client, ok + "\r\nhello") == hello);
    CHECK(of(client, "HTTP/1.0 200 OK\r\n\r\nhello") == hello);
    CHECK(of(client, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok +
                         "Content-Length: 5\r\n\r\nhello") == hello);
    const outcome nothing{"", failure::none, true};
    CHECK(of(client, "HTTP/1.1 204 No Content\r\n\r\n") == nothing);
    CHECK(of(client, ok + "Content-Length: 0\r\n\r\n") == nothing);
  });
}

TEST_CASE("what is cut short, or is no HTTP, fails") {
  with_both([](client_fixture& client) {
    CHECK(of(client, "").end == failure::cut);
    CHECK(of(client, "HTTP/1.1 20").end == failure::cut);
    CHECK(of(client, ok + "Content-Length: 5\r\n\r\n").end == failure::cut);
    CHECK_FALSE(of(client, ok + "Content-Length: 5\r\n\r\n").has_head);
    CHECK(of(client, ok + "Content-Length: 5\r\n\r\nhell") == outcome{"hell", failure::cut, true});
    CHECK(of(client, ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n") ==
          outcome{"hello", failure::cut, true});
    CHECK(of(client, ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").end != failure::none);
    CHECK(of(client, "SSH-2.0-OpenSSH_9.2\r\n").end == failure::malformed);
    CHECK(of(client, "HTTP/3.0 200 OK\r\n\r\n").end == failure::malformed);
  });
}

TEST_CASE("our own client fails what could be read in two ways") {
  client_fixture client{false};
  for (const auto* fields :
       {"Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "X-A: b\r\n c\r\n"}) {
    CAPTURE(fields);
    CHECK(of(client, ok + fields + "\r\nhello").end == failure::malformed);
  }
  CHECK(of(client, ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").end == failure::malformed);
}

TEST_CASE("a server that cannot be reached is named so") {
  with_both([](client_fixture& client) {
    http_port port;
    const auto url = port.url();
    port.close();
    CHECK(client.start(client.get(url)).got->end() == failure::unreachable);
    CHECK(client.start(client.get("http://nobody.invalid/")).got->end() == failure::unreachable);
  });
}

TEST_CASE("of a host with several addresses the one that answers is taken") {
  with_both([](client_fixture& client) {
    http_port port; // Of IPv4 only, which comes second.
    auto call = client.start(client.get("http://localhost:" + std::to_string(port.number()) + "/"));
    auto peer = port.accept();
    peer.request();
    peer.say(ok + "Content-Length: 2\r\n\r\nhi");
    CHECK(call.got->end() == failure::none);
  });
}

TEST_CASE("coded bodies are decoded, and unknown codings named") {
  const std::string hello{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00"
                          "\x86\xa6\x10\x36\x05\x00\x00\x00",
                          25};
  with_both([&](client_fixture& client) {
    const auto coded = [](const std::string& coding, const std::string& body) {
      return ok + "Content-Encoding: " + coding +
             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    CHECK(of(client, coded("gzip", hello)) == outcome{"hello", failure::none, true});
    CHECK(of(client, coded("identity", "hello")) == outcome{"hello", failure::none, true});
    CHECK(of(client, coded("pack200", "hello")) == outcome{"", failure::undecodable, true});
    CHECK(of(client, coded("gzip", "not that")).end == failure::undecodable);
  });
}

TEST_CASE("redirects within the origin are followed, others told") {
  with_both([](client_fixture& client) {
    http_port port;
    auto call = client.start(client.post(port.url("/a"), "body"));
    auto peer = port.accept();
    peer.request();
    peer.say("HTTP/1.1 307 There\r\nLocation: /b?c\r\nContent-Length: 3\r\n\r\nno!");
    const auto second = peer.request();
    CHECK(second.starts_with("POST /b?c HTTP/1.1\r\n"));
    CHECK(second.ends_with("\r\n\r\nbody"));
    peer.say(ok + "Content-Length: 3\r\n\r\nyes");
    CHECK(call.got->end() == failure::none);
    CHECK(call.got->body() == "yes");
    CHECK(call.got->head().status == 200);

    auto away = client.start(client.get(port.url("/a")));
    peer.request();
    peer.say("HTTP/1.1 307 There\r\nLocation: http://cat.example/b?c\r\nContent-Length: 0\r\n\r\n");
    CHECK(away.got->end() == failure::none);
    CHECK(away.got->head().status == 307);
    CHECK(away.got->head().redirect == "http://cat.example/b");
  });
}

TEST_CASE("a response that passes has all fields, its head at once, and its coding") {
  with_both([](client_fixture& client) {
    http_port port;
    auto what = client.get(port.url());
    what.passes = true;
    auto call = client.start(std::move(what));
    auto peer = port.accept();
    CHECK(peer.request().find("Accept-Encoding") == std::string::npos);
    peer.say(ok + "X-A: b\r\nContent-Encoding: gzip\r\nX-A: c\r\nContent-Length: 3\r\n\r\n");
    const auto head = call.got->head();
    REQUIRE(head.fields);
    CHECK(*head.fields ==
          header_fields{
              {"X-A", "b"}, {"Content-Encoding", "gzip"}, {"X-A", "c"}, {"Content-Length", "3"}});
    peer.say("raw");
    CHECK(call.got->end() == failure::none);
    CHECK(call.got->body() == "raw");

    what = client.get(port.url());
    what.passes = true;
    what.method = "HEAD";
    auto bodiless = client.start(std::move(what));
    CHECK(peer.request().starts_with("HEAD /x HTTP/1.1\r\n"));
    peer.say(ok + "Content-Length: 300\r\n\r\n");
    CHECK(bodiless.got->end() == failure::none);
  });
}
