#include "bench/load/anuneko_dialogue.hpp"

#include "bench/load/conversation.hpp"

#include <utility>

namespace nekod::load {
namespace {

fault reported(const anuneko::service_error& e) {
  return {fault_kind::broken, "error event: " + e.code};
}

} // namespace

anuneko_dialogue::anuneko_dialogue(const options& o, const post_writer& w, std::string name)
    : options_(o), writer_(w), name_(std::move(name)) {}

void anuneko_dialogue::begin_turn() {
  ++turn_;
  at_ = step::begin;
}

std::string anuneko_dialogue::next_request() {
  body_.clear();
  switch (at_) {
  case step::begin:
    if (chat_.empty()) {
      at_ = step::chat;
      return posted(anuneko::create_chat(anuneko::default_model));
    }
    [[fallthrough]];
  case step::chat:
    at_ = step::message;
    reply_ = anuneko::reply_decoder{};
    pieces_ = 0;
    return posted(anuneko::post_message(chat_, filled_in(options_.message, name_, turn_)));
  case step::message:
    at_ = step::choice;
    return posted(anuneko::select_choice(reply_.message_id(), 0));
  case step::choice:
    break;
  }
  return {};
}

std::string anuneko_dialogue::posted(const anuneko::call& c) const {
  return writer_.post(c.path, c.content_type, c.body);
}

std::size_t anuneko_dialogue::on_body(unsigned status, std::string_view bytes) {
  if (at_ == step::message && status == 200) {
    text_ = {};
    reply_.feed(bytes, text_);
    pieces_ += text_.ends.size();
    return text_.ends.size();
  }
  constexpr std::size_t longest_body = 1u << 20;
  if (body_.size() < longest_body)
    body_ += bytes;
  return 0;
}

std::optional<fault> anuneko_dialogue::on_end(unsigned status) {
  if (status != 200)
    return fault{fault_kind::status, std::to_string(status)};
  if (at_ == step::message)
    return check_reply();
  if (at_ == step::chat)
    return take_chat();
  return std::nullopt;
}

std::optional<fault> anuneko_dialogue::check_reply() {
  reply_.finish(text_);
  if (reply_.error())
    return reported(*reply_.error());
  const auto& wanted = options_.expected_pieces;
  if (wanted && pieces_ != *wanted)
    return fault{fault_kind::wrong, "the number of pieces is not " + std::to_string(*wanted)};
  return std::nullopt;
}

std::optional<fault> anuneko_dialogue::take_chat() {
  chat_ = anuneko::parse_chat_id(body_).value_or("");
  if (chat_.empty())
    return fault{fault_kind::wrong, "a new chat has no id"};
  return std::nullopt;
}

} // namespace nekod::load
