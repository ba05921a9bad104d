#include "http/server/api/passing/pass_fields.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::http;

TEST_CASE("the client's own fields do not pass") {
  const fields all{{"Host", "a"},
                   {"Authorization", "x"},
                   {"X-API-Key", "x"},
                   {"api-key", "x"},
                   {"X-Goog-Api-Key", "x"},
                   {"Ocp-Apim-Subscription-Key", "x"},
                   {"X-Auth-Token", "x"},
                   {"Cookie", "x"},
                   {"Proxy-Authorization", "x"},
                   {"Proxy-Anything", "x"},
                   {"X-Forwarded-Host", "x"},
                   {"Sec-Fetch-Site", "x"},
                   {"Origin", "x"},
                   {"OpenAI-Project", "x"},
                   {"X-Nekod-Session", "x"},
                   {"Transfer-Encoding", "chunked"},
                   {"Content-Length", "3"},
                   {"Expect", "100-continue"},
                   {"Upgrade", "h2c"}};
  CHECK(passed_on(all).empty());
}

TEST_CASE("fields that describe a request pass, names in lower case") {
  const fields all{{"Content-Type", "a"}, {"ACCEPT", "b"}, {"X-Custom", "c"}, {"x-custom", "d"}};
  CHECK(passed_on(all) ==
        fields{{"content-type", "a"}, {"accept", "b"}, {"x-custom", "c"}, {"x-custom", "d"}});
}

TEST_CASE("fields that Connection names do not pass, except the body's type") {
  const fields all{
      {"Connection", "X-Hop , close,Content-Type"}, {"x-hop", "1"}, {"Content-Type", "a"}};
  CHECK(passed_on(all) == fields{{"content-type", "a"}});
  CHECK(passed_back(all) == fields{{"content-type", "a"}});
}

TEST_CASE("the upstream's own fields do not come back") {
  const fields all{{"Set-Cookie", "x"},
                   {"Server", "x"},
                   {"Access-Control-Allow-Origin", "x"},
                   {"Strict-Transport-Security", "x"},
                   {"X-Request-Id", "x"},
                   {"WWW-Authenticate", "x"},
                   {"OpenAI-Organization", "x"},
                   {"Location", "x"},
                   {"Transfer-Encoding", "x"},
                   {"Content-Length", "1"},
                   {"CF-Ray", "x"},
                   {"Date", "x"}};
  CHECK(passed_back(all).empty());
  CHECK(passed_back({{"Retry-After", "7"}, {"Content-Encoding", "gzip"}}).size() == 2);
}

TEST_CASE("a valid length is read") {
  CHECK(length_of({{"content-length", "17"}}) == 17u);
  CHECK_FALSE(length_of({{"Content-Length", "17x"}}));
  CHECK_FALSE(length_of({{"Content-Length", "-1"}}));
  CHECK_FALSE(length_of({}));
}

TEST_CASE("a request for another protocol is one unless it is for HTTP/2") {
  auto asks = [](const std::string& value) {
    request r;
    r.headers = {{"Upgrade", value}};
    return asks_for_upgrade(r);
  };
  CHECK(asks("websocket"));
  CHECK(asks("h2c, websocket"));
  CHECK_FALSE(asks("h2c"));
  CHECK_FALSE(asks("H2C"));
  CHECK_FALSE(asks_for_upgrade(request{}));
}
