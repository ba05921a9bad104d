#include "http/client/redirects.hpp"
#include "http/client/response_fields.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;
using namespace std::chrono_literals;

namespace {

const std::string from = "http://host:8080/v1/chat/completions?api-version=1";

using url = std::optional<std::string>;

} // namespace

TEST_CASE("a redirect within the origin is followed, relative or not") {
  CHECK(redirect_to_follow(308, from, "/v2/chat") == url{"http://host:8080/v2/chat"});
  CHECK(redirect_to_follow(307, from, "http://HOST:8080/x?a=b#c") == url{"http://HOST:8080/x?a=b"});
  CHECK(redirect_to_follow(307, from, "completions/") ==
        url{"http://host:8080/v1/chat/completions/"});
  CHECK(redirect_to_follow(307, "http://host/a", "http://host:80/b") == url{"http://host:80/b"});
  CHECK(redirect_to_follow(307, from, "http://user:word@host:8080/x") == url{"http://host:8080/x"});
}

TEST_CASE("a redirect to another origin, or one that changes the method, is not") {
  for (const auto* location :
       {"https://host:8080/x", "http://host/x", "http://other:8080/x", "//other/x",
        "http://host:8081/x", "", "http://", "ftp://host:8080/"}) {
    CAPTURE(location);
    CHECK_FALSE(redirect_to_follow(308, from, location));
  }
  for (std::uint16_t status : {300, 301, 302, 303, 304, 200, 500})
    CHECK_FALSE(redirect_to_follow(status, from, "/x"));
}

TEST_CASE("a redirect's target is shown without possible secrets") {
  CHECK(shown_target(from, "https://me:secret@other/v2/chat?key=secret#secret") ==
        "https://other/v2/chat");
  CHECK(shown_target(from, "/login?next=secret") == "http://host:8080/login");
  CHECK(shown_target(from, "").find("host") == std::string::npos);
}

TEST_CASE(
    "a response's fields are read in upper and lower case, and those of the last response count") {
  response_fields f;
  f.on_line("HTTP/1.1 103 Early Hints\r\n");
  f.on_line("Retry-After: 9\r\n");
  f.on_line("HTTP/1.1 429 Too Many Requests\r\n");
  CHECK_FALSE(f.wait());
  f.on_line("RETRY-after:  3 \r\n");
  f.on_line("Retry-After-Other: 4\r\n");
  CHECK(f.wait() == 3s);
  f.on_line("retry-after-ms: 1500.5\r\n");
  CHECK(f.wait() == 1501ms);
  f.on_line("Location: /x \r\n");
  CHECK(f.location == "/x");
}

TEST_CASE("a date to wait for is read by the server's clock") {
  response_fields f;
  f.on_line("HTTP/2 503\r\n");
  f.on_line("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  f.on_line("retry-after: Sunday, 06-Nov-94 08:50:00 GMT\r\n");
  CHECK(f.wait() == 23s);
}
