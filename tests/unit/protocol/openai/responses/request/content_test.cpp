#include "protocol/openai/responses/request/content.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;
using chat::role;

namespace {

std::string canonical(std::string_view content, role speaker) {
  const auto doc = json::parse(content);
  REQUIRE(doc);
  const auto r = canonical_content(doc.root, speaker, "c");
  return r ? *r : test::in_words(r.error());
}

/// The content of a user's message as a chat upstream gets it.
std::string for_chat(std::string_view content) {
  const auto text = canonical(content, role::user);
  const auto doc = json::parse(text);
  REQUIRE(doc);
  return read_content(&doc.root).array();
}

} // namespace

TEST_CASE("each part is brought into its canonical form") {
  struct row {
    role speaker;
    const char* sent;
    const char* kept;
  };
  const row rows[] = {
      {role::user, R"("a")", R"([{"type":"input_text","text":"a"}])"},
      {role::user, "[]", "[]"},
      {role::user, R"([{"type":"text","text":"a"}])", R"([{"type":"input_text","text":"a"}])"},
      {role::assistant, R"("a")",
       R"([{"type":"output_text","text":"a","annotations":[],"logprobs":[]}])"},
      {role::assistant, R"([{"type":"input_text","text":"a"}])",
       R"([{"type":"output_text","text":"a","annotations":[],"logprobs":[]}])"},
      {role::assistant, R"([{"type":"output_text","text":"a","annotations":[1],"logprobs":null}])",
       R"([{"type":"output_text","text":"a","annotations":[1],"logprobs":[]}])"},
      {role::assistant, R"([{"type":"refusal","refusal":"no"}])",
       R"([{"type":"refusal","refusal":"no"}])"},
      {role::assistant, R"([{"type":"output_image","x":1},{"type":"refusal","refusal":"no"}])",
       R"([{"type":"refusal","refusal":"no"}])"},
      {role::user, R"([{"type":"input_image","image_url":"data:x"}])",
       R"([{"type":"input_image","image_url":"data:x","detail":"auto"}])"},
      {role::tool, R"([{"type":"input_image","image_url":"u","detail":"original"}])",
       R"([{"type":"input_image","image_url":"u","detail":"original"}])"},
      {role::user, R"([{"type":"input_file","file_data":"JVBE","filename":"a.pdf"}])",
       R"([{"type":"input_file","filename":"a.pdf","file_data":"JVBE"}])"},
      {role::user, R"([{"type":"input_audio","input_audio":{"data":"x","format":"wav"}}])",
       R"([{"type":"input_audio","input_audio":{"data":"x","format":"wav"}}])"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sent);
    CHECK(canonical(row.sent, row.speaker) == row.kept);
  }
}

TEST_CASE("a part that cannot go up is refused by its place") {
  struct row {
    role speaker;
    const char* sent;
    const char* refusal;
  };
  const row rows[] = {
      {role::user, "7", "invalid_type c: expected a string or an array of parts"},
      {role::user, "[7]", "invalid_type c[0]: expected an object"},
      {role::user, "[{}]", "missing_required_parameter c[0].type: "},
      {role::user, R"([{"type":"input_text"}])", "missing_required_parameter c[0].text: "},
      {role::user, R"([{"type":"input_text","text":7}])",
       "invalid_type c[0].text: expected a string"},
      {role::user, R"([{"type":"input_text","text":"a"},{"type":"video"}])",
       "invalid_value c[1].type: expected input_text, input_image, input_file or input_audio"},
      {role::developer, R"([{"type":"input_image","image_url":"u"}])",
       "invalid_value c[0].type: expected input_text"},
      {role::user, R"([{"type":"input_image"}])", "missing_required_parameter c[0].image_url: "},
      {role::user, R"([{"type":"input_image","image_url":{"url":"u"}}])",
       "invalid_type c[0].image_url: expected a string"},
      {role::user, R"([{"type":"input_image","file_id":"file_1"}])",
       "unsupported_parameter c[0].file_id: send the data itself"},
      {role::user, R"([{"type":"input_image","image_url":"u","detail":"huge"}])",
       "invalid_value c[0].detail: expected auto, low, high or original"},
      {role::user, R"([{"type":"input_file","file_id":"file_1"}])",
       "unsupported_parameter c[0].file_id: send the data itself"},
      {role::user, R"([{"type":"input_file","file_url":"https://x"}])",
       "unsupported_parameter c[0].file_url: send the data itself"},
      {role::user, R"([{"type":"input_file"}])", "missing_required_parameter c[0].file_data: "},
      {role::user, R"([{"type":"input_audio"}])",
       "invalid_type c[0].input_audio: expected an object"},
      {role::assistant, R"([{"type":"refusal"}])", "missing_required_parameter c[0].refusal: "},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sent);
    CHECK(canonical(row.sent, row.speaker) == row.refusal);
  }
}

TEST_CASE("each part has its form in chat completions") {
  const std::pair<const char*, const char*> rows[] = {
      {R"("a\"b")", R"([{"type":"text","text":"a\"b"}])"},
      {R"([{"type":"input_image","image_url":"u"}])",
       R"([{"type":"image_url","image_url":{"url":"u"}}])"},
      {R"([{"type":"input_image","image_url":"u","detail":"low"}])",
       R"([{"type":"image_url","image_url":{"url":"u","detail":"low"}}])"},
      {R"([{"type":"input_image","image_url":"u","detail":"original"}])",
       R"([{"type":"image_url","image_url":{"url":"u","detail":"high"}}])"},
      {R"([{"type":"input_file","file_data":"JVBE","filename":"a.pdf"}])",
       R"([{"type":"file","file":{"filename":"a.pdf","file_data":"JVBE"}}])"},
      {R"([{"type":"input_file","file_data":"JVBE"}])",
       R"([{"type":"file","file":{"file_data":"JVBE"}}])"},
      {R"([{"type":"input_audio","input_audio":{"data":"x","format":"wav"}}])",
       R"([{"type":"input_audio","input_audio":{"data":"x","format":"wav"}}])"},
  };
  for (const auto& [sent, told] : rows) {
    CAPTURE(sent);
    CHECK(for_chat(sent) == told);
  }
}

TEST_CASE("texts are joined, and tell whether they are all of a content") {
  const auto text = canonical(
      R"([{"type":"output_text","text":"a"},{"type":"refusal","refusal":"b"}])", role::assistant);
  const auto doc = json::parse(text);
  const auto content = read_content(&doc.root);
  CHECK(content.text() == "a\nb");
  CHECK(content.is_text());
  CHECK(read_content(nullptr).text().empty());
  CHECK(read_content(nullptr).is_text());
  const auto mixed =
      json::parse(R"([{"type":"input_text","text":"a"},{"type":"input_image","image_url":"u"}])");
  CHECK_FALSE(read_content(&mixed.root).is_text());
  CHECK(read_content(&mixed.root).text() == "a");
}
