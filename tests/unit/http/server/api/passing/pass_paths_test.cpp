#include "http/server/api/passing/pass_paths.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::http;

namespace {

pass_rule who(const std::string& path, const std::string& method = "POST") {
  return pass_target_of(path, method).who;
}

} // namespace

TEST_CASE("work for a model passes for everyone, with and without /v1") {
  for (const auto* path :
       {"/v1/embeddings", "/embeddings", "//v1//embeddings/", "/v1/images/edits", "/images/x/y",
        "/v1/audio/speech", "/completions", "/v1/rerank", "/moderations"}) {
    CAPTURE(path);
    CHECK(who(path) == pass_rule::anybody);
    CHECK_FALSE(pass_target_of(path, "POST").at_root);
  }
  CHECK(pass_target_of("//v1//images//a%20b/", "POST").path == "/images/a%20b");
  CHECK(std::string{pass_target_of("/v1/images/a", "POST").word} == "images");
}

TEST_CASE("tokenize and detokenize are at the server's root") {
  CHECK(pass_target_of("/v1/tokenize", "POST").at_root);
  CHECK(pass_target_of("/detokenize", "POST").at_root);
  CHECK(who("/tokenize") == pass_rule::anybody);
}

TEST_CASE("of the paths below ours only the counting of tokens passes") {
  CHECK(who("/v1/responses/input_tokens", "POST") == pass_rule::anybody);
  CHECK(who("/v1/responses/input_tokens", "GET") == pass_rule::nobody);
  CHECK(who("/v1/responses/input_tokens/x", "POST") == pass_rule::nobody);
  CHECK(who("/v1/responses/%69nput_tokens", "POST") == pass_rule::nobody);
  CHECK(who("/v1/responses/resp_1", "POST") == pass_rule::nobody);
}

TEST_CASE("anything else below /v1 passes for admins only") {
  CHECK(who("/v1/files", "GET") == pass_rule::admins);
  CHECK(who("/v1/files/a/content", "GET") == pass_rule::admins);
  CHECK(who("/v1/embeddings", "GET") == pass_rule::admins);
  CHECK(who("/v1/images", "POST") == pass_rule::admins);
  CHECK(who("/v1/completions/x", "POST") == pass_rule::admins);
  CHECK(std::string{pass_target_of("/v1/whatever", "GET").word} == "pass");
  CHECK(who("/files", "GET") == pass_rule::nobody);
  CHECK(who("/v1", "GET") == pass_rule::nobody);
  CHECK(who("/v1x/files", "GET") == pass_rule::nobody);
}

TEST_CASE("our own paths, and the organization's, never pass") {
  for (const auto* path :
       {"/v1/organization", "/v1/organization/x", "/v1/ORGANIZATION/x", "/v1/%6Frganization",
        "/v1/%256frganization/x", "/v1/organization;x/y", "/v1/%2Forganization", "/v1/responses",
        "/v1/responses/r", "/v1/conversations/c", "/v1/chat/x", "/v1/models/m/x", "/v1/sessions",
        "/v1/health", "/v1/metrics", "/v1/openapi.json", "/v1/v1/files"}) {
    CAPTURE(path);
    CHECK(who(path) == pass_rule::nobody);
  }
}

TEST_CASE("dot segments never pass, however they are written") {
  for (const auto* path : {"/v1/a/..",
                           "/v1/a/../b",
                           "/v1/./a",
                           "/v1/a/%2e%2e/b",
                           "/v1/a/%2E./b",
                           "/v1/a/%252e%252e/b",
                           "/v1/a/%25252e%25252e/b",
                           "/v1/a%2f..%2fb",
                           "/v1/a\\..\\b",
                           "/v1/a/%5c../b",
                           "/v1/a/..;x/b",
                           "/v1/images/../files",
                           "/v1/a/%",
                           "/v1/a/%2",
                           "/v1/a/%zz",
                           "/v1/a%00",
                           "/v1/a%0d%0ab",
                           "/v1/a%23b",
                           "/v1/a%3fb",
                           "/v1/a#b"}) {
    CAPTURE(path);
    CHECK(who(path) == pass_rule::nobody);
  }
  CHECK(who("/v1/a/...") == pass_rule::admins);
  CHECK(who("/v1/a/.b..c") == pass_rule::admins);
}

TEST_CASE("a list of paths includes everything below each") {
  auto list = parse_pass_list(" /v1/files , batches/,, ");
  REQUIRE(list);
  CHECK(list->allows("/files"));
  CHECK(list->allows("/files/a/b"));
  CHECK(list->allows("/batches"));
  CHECK_FALSE(list->allows("/files2"));
  CHECK_FALSE(list->allows("/uploads"));
  CHECK_FALSE(pass_list{}.allows("/files"));
  CHECK(parse_pass_list("*")->allows("/anything/at/all"));
}

TEST_CASE("a list cannot name a path that never passes") {
  CHECK(parse_pass_list("files,organization").error() ==
        "`organization` is not a path that can pass through");
  CHECK_FALSE(parse_pass_list("a/../b"));
  CHECK_FALSE(parse_pass_list("/"));
}
