#include "actors/session/conversation/transcript.hpp"
#include "actors/session/conversation/whole_conversation.hpp"
#include "protocol/openai/chat/request_parser.hpp"
#include "protocol/openai/chat/transcript_json.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {
namespace {

constexpr std::size_t most_messages = 10'000;

void check_error(const chat::failure& e) {
  check(openai::status_of(e) >= 400 && openai::status_of(e) < 600, "an error has a status of one");
  for (const auto lang : {language::zh, language::en})
    check_one_line_json(openai::to_json(e, lang), "an error is JSON on one line");
}

/// What an upstream with the same protocol is told.
void check_upstream_body(const chat::request& r) {
  const auto body = openai::upstream_body(r, "other", openai::messages_span(r));
  const auto told = json::parse(body);
  const auto asked = json::parse(r.body);
  check(told && told.root.IsObject(), "what is told is a JSON object");
  check(json::find_string(told.root, "model") == "other", "what is told has our model");
  check(json::find(told.root, "session_id") == nullptr, "the session is not told");
  for (const auto& m : asked.root.GetObject()) {
    const auto name = json::text_of(m.name);
    if (name == "model" || name == "session_id")
      continue;
    const auto* there = json::find(told.root, name);
    check(there != nullptr && json::to_text(*there) == json::to_text(*json::find(asked.root, name)),
          "what was asked is told");
  }
  const auto again = openai::parse_chat_request(body, most_messages);
  check(again && again->messages.size() == r.messages.size(), "what is told is a request");
}

void check_messages(const chat::request& r) {
  const auto spans = openai::message_spans(r);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check(is_utf8(r.messages[i].text), "a text is UTF-8");
    std::string kept;
    openai::append_message(kept, openai::kept_message(r.messages[i], spans[i]));
    const auto again = openai::parse_message(kept);
    check(again && chat::say_the_same(*again, r.messages[i]), "a message that is kept is the same");
  }
}

void check_told(const upstream_turn& told) {
  const auto doc = json::parse(told.messages, json::max_depth + 4);
  check(doc && doc.root.IsArray(), "a conversation is told as an array");
}

/// The request twice in one session, and once more in the words for a text-only service.
void check_conversation(const chat::request& r) {
  static const auto digest = std::make_shared<conversation_digest>("key");
  whole_conversation talk{digest, {.messages = 64, .bytes = 64u << 10}};
  using found = session_conversation::found;
  for (const auto how :
       {found::by_conversation, found::by_name, found::by_response, found::by_id}) {
    const auto before = talk.transcript().size();
    const auto told = talk.begin(r, {}, how);
    if (!told) {
      check_error(told.error());
      continue;
    }
    check_told(*told);
    talk.answered(chat::message{chat::role::assistant, "an answer"});
    talk.committed();
    const auto stored = openai::transcript_json(talk.transcript());
    check(openai::parse_transcript(stored).size() == talk.transcript().size(),
          "a conversation that is stored is read back");
    check(talk.transcript().size() <= before + r.messages.size() + 1, "nothing is told twice");
  }
  const auto newest = chat::newest_user_message(r);
  if (newest == r.messages.size())
    return;
  const auto& text = r.messages[newest].text;
  const std::vector<chat::message> earlier(
      r.messages.begin(), r.messages.begin() + static_cast<std::ptrdiff_t>(newest));
  const auto words = with_preamble(earlier, text, 256);
  check(is_utf8(words), "a preamble is UTF-8");
  check(tells(words, text), "a message is found behind its preamble");
}

} // namespace

void chat_request(std::string_view input) {
  const auto r = openai::parse_chat_request(std::string{input}, most_messages);
  if (!r)
    return check_error(r.error());
  check(r->body == input, "a request's body is as it came");
  check(!r->messages.empty(), "a request has messages");
  check(r->session_id.empty() || chat::valid_session_id(r->session_id), "a session has a good id");
  check(is_utf8(r->model), "a model's name is UTF-8");
  if (r->objection)
    check_error(*r->objection);
  else
    check(chat::newest_user_message(*r) < r->messages.size(), "a good request has a user");
  check_upstream_body(*r);
  check_messages(*r);
  check_conversation(*r);
}

} // namespace nekod::fuzz
