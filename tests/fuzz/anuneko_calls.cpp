#include "protocol/anuneko/calls.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {
namespace {

bool is_safe_in_path(std::string_view path) {
  constexpr std::string_view safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_~%/?=&";
  return path.find_first_not_of(safe) == path.npos;
}

/// A name from the service returns to it unchanged, and does not alter the structure of any call.
void call_with(const std::string& text) {
  const auto post = anuneko::post_message(text, text);
  check(is_safe_in_path(post.path), "an id is one segment of a path");
  check(post.path.find("..") == post.path.npos, "an id leads nowhere else");
  check(is_safe_in_path(anuneko::list_messages(text, text).path), "an id is one segment of a path");

  const auto body = json::parse(post.body);
  check(bool{body}, "the body of a message is JSON");
  const auto* contents = json::find(body.root, "contents");
  check(contents != nullptr && contents->Size() == 1 && json::text_of((*contents)[0]) == text,
        "a message goes out unchanged");

  const auto chat = json::parse(anuneko::create_chat(text).body);
  check(chat && json::find_string(chat.root, "model") == text, "a model goes out unchanged");
  const auto selected = json::parse(anuneko::select_model(text, text).body);
  check(selected && json::find_string(selected.root, "chat_id") == text &&
            json::find_string(selected.root, "model") == text,
        "a chat's model goes out unchanged");
  const auto choice = json::parse(anuneko::select_choice(text, 1).body);
  check(choice && json::find_string(choice.root, "msg_id") == text, "a choice goes out unchanged");
  check(is_utf8(anuneko::public_model_id(text)), "a model's public name is UTF-8");
}

} // namespace

void anuneko_calls(std::string_view input) {
  if (const auto e = anuneko::parse_error(input)) {
    check(!e->code.empty(), "an error has a code");
    check(is_utf8(e->code) && is_utf8(e->detail), "an error's words are UTF-8");
    static_cast<void>(anuneko::refuses_account(*e));
  }
  if (const auto id = anuneko::parse_chat_id(input)) {
    check(!id->empty(), "a chat has an id");
    call_with(*id);
  }
  if (const auto models = anuneko::parse_models(input))
    for (const auto& name : *models) {
      check(!name.empty(), "a model has a name");
      call_with(name);
    }
  if (const auto page = anuneko::parse_message_page(input)) {
    call_with(page->next);
    for (const auto& text : page->said)
      call_with(text);
  }
}

} // namespace nekod::fuzz
