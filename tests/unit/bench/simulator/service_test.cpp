#include "bench/simulator/service.hpp"

#include <asio.hpp>
#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace nekod::sim;

namespace {

/// A service on a port of its own, with its loop on another thread.
struct fixture {
  asio::io_context loop;
  service s{loop, {}};
  std::jthread runner{[this] { loop.run(); }};

  ~fixture() { loop.stop(); }
};

/// A connection that has sent *request* and reads the response.
struct peer {
  peer(std::uint16_t port, const std::string& request) {
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    asio::write(socket, asio::buffer(request));
  }

  /// Reads until *end* has arrived, or the connection has closed.
  std::string read_until(const std::string& end) {
    std::string bytes;
    asio::error_code ignored;
    asio::read_until(socket, asio::dynamic_buffer(bytes), end, ignored);
    return bytes;
  }

  asio::io_context loop;
  asio::ip::tcp::socket socket{loop};
};

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: cat\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string open_chat(std::uint16_t port) {
  const std::string name = "\"chat_id\":\"";
  const auto answer = peer{port, post("/api/v1/chat", "{}")}.read_until("\"}");
  const auto begin = answer.find(name) + name.size();
  return answer.substr(begin, answer.find('"', begin) - begin);
}

std::string message(const std::string& chat, const std::string& text) {
  return post("/api/v1/msg/" + chat + "/stream", R"({"contents":[")" + text + "\"]}");
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a service reports where it listens, and answers there") {
  CHECK(s.port() != 0);
  CHECK(s.base_url() == "http://127.0.0.1:" + std::to_string(s.port()) + "/api/v1");
  peer p{s.port(), message(open_chat(s.port()), "hello")};
  const auto reply = p.read_until("\r\n0\r\n");
  CHECK(reply.find("200 OK") != std::string::npos);
  CHECK(reply.find("text/event-stream") != std::string::npos);
  CHECK(reply.find("\"v\":\"The \"") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a reply ends as soon as its peer leaves") {
  {
    peer p{s.port(), message(open_chat(s.port()), "[sim tokens=1000 delay=1000]")};
    CHECK(p.read_until("msg_id").find("msg_id") != std::string::npos);
  }
  std::string report;
  for (int i = 0; i < 100 && report.find("\"replies_aborted\":1") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    report = peer{s.port(), "GET /sim/report HTTP/1.1\r\nHost: cat\r\n\r\n"}.read_until("}}");
  }
  CHECK(report.find("\"replies_aborted\":1") != std::string::npos);
}

TEST_CASE("a service can stop and end while replies stream") {
  asio::io_context loop;
  auto s = std::make_unique<service>(loop, options{});
  std::jthread runner{[&] { loop.run(); }};
  peer streaming{s->port(), message(open_chat(s->port()), "[sim tokens=1000 delay=1]")};
  streaming.read_until("msg_id");
  s->stop();
  CHECK(streaming.read_until("\"v\"").find("\"v\"") != std::string::npos);
  CHECK_THROWS(peer(s->port(), "GET / HTTP/1.1\r\n\r\n"));
  s.reset();
  CHECK(streaming.read_until("\r\n0\r\n").find("\r\n0\r\n") == std::string::npos);
  loop.stop();
}

TEST_CASE("an address in use is refused") {
  asio::io_context loop;
  service first{loop, {}};
  options o;
  o.port = first.port();
  CHECK_THROWS(service(loop, o));
}
