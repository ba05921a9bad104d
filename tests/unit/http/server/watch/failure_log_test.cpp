#include "http/server/watch/failure_log.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::http;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::system_clock::time_point noon{12h};

exchange_notes failed(const char* code) {
  exchange_notes notes;
  notes.request_id = "req_1";
  notes.endpoint = "chat_completions";
  notes.error = code;
  return notes;
}

exchange_outcome outcome() {
  exchange_outcome result;
  result.status = 502;
  result.duration = 1500us;
  return result;
}

std::size_t count(const failure_log& log, std::uint64_t after) {
  auto doc = nekod::json::parse(log.json_after(after));
  REQUIRE(doc);
  return nekod::json::find(doc.root, "data")->Size();
}

} // namespace

TEST_CASE("a failure says where it was and why, and nothing that was said") {
  failure_log log;
  auto notes = failed("upstream_error");
  notes.model = "tiny";
  log.add(notes, outcome(), noon);
  CHECK(log.json_after(0) ==
        R"({"last":1,"data":[{"number":1,"time":43200000,"request_id":"req_1",)"
        R"("endpoint":"chat_completions","tenant":null,"model":"tiny","upstream":null,)"
        R"("code":"upstream_error","status":502,"duration":1}]})");
}

TEST_CASE("what is answered, and what is asked for at unknown paths, is no failure") {
  failure_log log;
  log.add(failed(""), outcome(), noon);
  auto scan = failed("not_found");
  scan.endpoint = "other";
  log.add(scan, outcome(), noon);
  CHECK(log.json_after(0) == R"({"last":0,"data":[]})");
}

TEST_CASE("the newest are kept, and given out once") {
  failure_log log{3};
  for (int i = 0; i < 5; ++i)
    log.add(failed("upstream_error"), outcome(), noon);
  CHECK(count(log, 0) == 3);
  CHECK(count(log, 3) == 2);
  CHECK(count(log, 5) == 0);
  // A number of another process.
  CHECK(count(log, 99) == 3);
}

TEST_CASE("a long name is cut between characters") {
  failure_log log;
  auto notes = failed("model_not_found");
  notes.model = std::string(127, 'a') + "猫猫";
  log.add(notes, outcome(), noon);
  CHECK(log.json_after(0).find(std::string(127, 'a') + "\"") != std::string::npos);
}
