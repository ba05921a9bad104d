#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/model_list.hpp"
#include "protocol/openai/models.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/chunks.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::fuzz {
namespace {

void check_failure(const chat::failure& e) {
  check(openai::status_of(e) >= 400 && openai::status_of(e) < 600, "a failure has a status of one");
  for (const auto lang : {language::zh, language::en})
    check_one_line_json(openai::to_json(e, lang), "a failure is JSON on one line");
}

/// Checks what a client gets that asked for a stream.
void check_stream(const openai::whole_answer& answer, std::string_view said) {
  const auto stream = openai::streamed(answer, true);
  std::vector<std::string> chunks;
  stream.chunks.for_each([&](std::string_view members) {
    check_chunk(members, false);
    chunks.emplace_back(members);
  });
  stream.rest.for_each([&](std::string_view members) {
    check_chunk(members, true);
    chunks.emplace_back(members);
  });
  const auto first = json::parse('{' + chunks.front() + '}', json::max_depth + 6);
  const auto& choice = (*json::find(first.root, "choices"))[0];
  check_whole_stream(chunks, said, json::integer_of(*json::find(choice, "index")).value());
}

void check_answer(const openai::whole_answer& answer) {
  const openai::completion_head head{"chatcmpl-ours", 1, "model-ours", "session-ours"};
  const auto doc = json::parse(openai::completion(head, answer.members), json::max_depth + 4);
  check(doc && doc.root.IsObject(), "an answer is a JSON object");
  check(json::find_string(doc.root, "id") == "chatcmpl-ours", "an answer has our id");
  check(json::find(doc.root, "error") == nullptr, "an answer has no error");
  const auto* choices = json::find(doc.root, "choices");
  check(choices != nullptr && choices->IsArray() && !choices->Empty(), "an answer has choices");
  for (const auto& choice : choices->GetArray())
    check(json::find_string(choice, "finish_reason").has_value(), "each choice has its end");

  std::string said;
  openai::append_message(said, answer.said);
  const auto again = openai::parse_message(said);
  check(again && chat::say_the_same(*again, answer.said), "what was said can be told again");
  check_stream(answer, said);
}

} // namespace

void openai_answer(std::string_view input) {
  const auto answer = openai::parse_whole_answer(input);
  if (answer)
    check_answer(*answer);
  else
    check_failure(answer.error());
  for (const std::uint16_t status : {0, 200, 400, 401, 404, 429, 500, 503})
    check_failure(openai::failure_of(status, openai::parse_failure(input)));
  if (const auto models = openai::parse_model_list(input))
    for (const auto& m : *models) {
      check(!m.name.empty() && is_utf8(m.name), "a model has a name");
      chat::model_info info;
      info.id = info.upstream_name = m.name;
      info.members = std::make_shared<const std::string>(m.members);
      check(static_cast<bool>(json::parse(openai::model_json(info, 0))), "a model is an object");
    }
}

} // namespace nekod::fuzz
