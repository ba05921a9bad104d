#include "protocol/openai/upstream/upstream_call.hpp"
#include "tests/unit/support/parsed_request.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace nekod::openai;

TEST_CASE("a request is passed on as it was written, with another model and other messages") {
  auto r = nekod::test::parse_request(
      "\xEF\xBB\xBF{ \"messages\":[{\"role\":\"user\",\"content\":\"hi\"}] , \"model\" : \"alias\","
      R"("temperature":0.70, "tools":[{"type":"function" ,"function":{"name":"f"}}],"odd":{"a":1e2},)"
      R"("\u006dodel":"other","session_id":"s","stream":true,"stream_options":{"include_usage":true},)"
      R"("messages":[1]})");
  REQUIRE(r);
  CHECK(upstream_body(*r, "real \"one\"", R"([{"role":"user","content":"all"}])") ==
        R"({"model":"real \"one\"","messages":[{"role":"user","content":"all"}],)"
        R"("temperature":0.70,"tools":[{"type":"function" ,"function":{"name":"f"}}],)"
        R"("odd":{"a":1e2},"stream":true,"stream_options":{"include_usage":true}})");
}
