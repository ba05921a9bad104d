#include "http/client/curl/curl_failure.hpp"

#include <doctest/doctest.h>

using nekod::transfer_failure;
using nekod::http::failure_of;

TEST_CASE("a call that surely did not reach its server is told apart") {
  for (auto code :
       {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT}) {
    CAPTURE(code);
    CHECK(failure_of(code, false) == transfer_failure::unreachable);
  }
  for (auto code : {CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION})
    CHECK(failure_of(code, false) == transfer_failure::untrusted);
  CHECK(failure_of(CURLE_OPERATION_TIMEDOUT, false) == transfer_failure::connect_timeout);
}

TEST_CASE("a time limit counts for the connection, or for the whole call") {
  CHECK(failure_of(CURLE_OPERATION_TIMEDOUT, true) == transfer_failure::whole_timeout);
}

TEST_CASE("an answer that cannot be read is told from one that broke off") {
  CHECK(failure_of(CURLE_OK, true) == transfer_failure::none);
  CHECK(failure_of(CURLE_WEIRD_SERVER_REPLY, true) == transfer_failure::malformed);
  CHECK(failure_of(CURLE_BAD_CONTENT_ENCODING, true) == transfer_failure::undecodable);
  for (auto code : {CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
                    CURLE_HTTP2_STREAM, CURLE_ABORTED_BY_CALLBACK}) {
    CAPTURE(code);
    CHECK(failure_of(code, true) == transfer_failure::cut);
  }
}
