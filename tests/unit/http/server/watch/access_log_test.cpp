#include "http/server/watch/access_log.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::http;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    r.method = "POST";
    r.path = "/v1/chat/completions";
    r.query = "key=secret";
    r.peer = "192.0.2.1";
    notes.request_id = "req_1";
    notes.session = "s1";
    notes.match = "new";
    notes.upstream = "anuneko";
    notes.model = "cat";
    notes.answer = "resp_1";
    notes.chunks = 64;
    outcome.status = 200;
    outcome.first_byte = 23'049us;
    outcome.duration = 812'351us;
  }

  request r;
  exchange_notes notes;
  exchange_outcome outcome;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a line describes the request, without its query") {
  CHECK(access_line(r, notes, outcome) ==
        "POST /v1/chat/completions 200 812.4ms first_byte_ms=23.0 chunks=64 session=s1 match=new "
        "upstream=anuneko model=cat answer=resp_1 client=192.0.2.1 request_id=req_1");
}

TEST_CASE_FIXTURE(fixture, "a client that left, a client behind a proxy, and an error are logged") {
  notes.client = "198.51.100.9";
  notes.tenant = "bob";
  notes.error = "upstream_error";
  outcome.status = 0;
  outcome.client_left = true;
  outcome.first_byte.reset();
  CHECK(access_line(r, notes, outcome) ==
        "POST /v1/chat/completions 0 812.4ms chunks=64 session=s1 match=new upstream=anuneko "
        "model=cat answer=resp_1 tenant=bob client=198.51.100.9 error=upstream_error "
        "request_id=req_1 "
        "client_left");
}

TEST_CASE_FIXTURE(fixture, "nothing that a client sends breaks a line, or makes it long") {
  r.path = "/a b\n2026 info \"x\"\xe7" + std::string(1000, 'y');
  auto line = access_line(r, notes, outcome);
  CHECK(line.rfind("POST /a?b?2026?info??x??yyy", 0) == 0);
  CHECK(line.size() < 500);
  auto doc = json::parse("{" + access_members(r, notes, outcome) + "}");
  CHECK(doc);
}

TEST_CASE_FIXTURE(fixture, "as JSON the line has numbers as numbers") {
  auto doc = json::parse("{" + access_members(r, notes, outcome) + "}");
  REQUIRE(doc);
  CHECK(json::find_string(doc.root, "method") == "POST");
  CHECK(json::integer_of(*json::find(doc.root, "status")) == 200);
  CHECK(json::integer_of(*json::find(doc.root, "chunks")) == 64);
  CHECK(json::find(doc.root, "duration_ms")->IsNumber());
  CHECK(json::find(doc.root, "client_left")->IsFalse());
  CHECK(json::find(doc.root, "error") == nullptr);
}
