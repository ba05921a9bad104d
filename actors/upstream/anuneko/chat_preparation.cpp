#include "actors/upstream/anuneko/chat_preparation.hpp"

#include "actors/session/conversation/transcript.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

using chat::failure_code;

namespace {

/// The most pages of a chat that are read, of a hundred messages each.
constexpr unsigned most_pages = 50;

/// Whether the service itself refused the call, so that asking again would not help.
bool was_refused(const chat::failure& problem, const upstream_response& response) {
  return response.status >= 200 && response.status < 500 &&
         problem.code == failure_code::upstream_error;
}

} // namespace

std::optional<anuneko::call> chat_preparation::next(const upstream_chat& chat) {
  if (chat.unsure) {
    step_ = step::reading;
    ++pages_;
    return anuneko::list_messages(chat.id, cursor_);
  }
  if (!chat.unsettled_message.empty()) {
    step_ = step::choosing;
    return anuneko::select_choice(chat.unsettled_message, 0);
  }
  if (chat.id.empty()) {
    step_ = step::creating;
    return anuneko::create_chat(model_);
  }
  // The model that a chat was created with is not always the one that answers: known clients also
  // select it.
  if (chat.model != model_) {
    step_ = step::selecting;
    return anuneko::select_model(chat.id, model_);
  }
  return std::nullopt;
}

std::optional<chat::failure> chat_preparation::on_end(std::optional<chat::failure> problem,
                                                      transfer_failure failure,
                                                      const upstream_response& response,
                                                      upstream_chat& chat,
                                                      const upstream_listener& session) {
  const auto refused = problem && was_refused(*problem, response);
  switch (step_) {
  case step::reading:
    // A service that cannot list messages has to be trusted. If it cannot be asked now, nothing can
    // be posted either.
    if (problem && (!refused || failure != transfer_failure::none))
      return problem;
    if (!problem)
      read_page(response.body, chat, session);
    else
      chat.unsure = false;
    return std::nullopt;
  case step::choosing:
    // It may be refused because the choice was made already. If it was not, the chat refuses the
    // message.
    if (problem && !refused)
      return problem;
    chat.unsettled_message.clear();
    return std::nullopt;
  case step::creating:
    return problem ? problem : begin_chat(response.body, chat);
  case step::selecting:
    if (!problem)
      chat.model = model_;
    return problem;
  }
  return problem;
}

/// Counts the messages of a page. After the last page it is known which messages the chat has: if
/// there are more than we know of, and the turn's message is among them, a new chat replaces it.
void chat_preparation::read_page(const std::string& body, upstream_chat& chat,
                                 const upstream_listener& session) {
  auto page = anuneko::parse_message_page(body);
  if (page) {
    messages_ += page->said.size();
    same_ += static_cast<std::uint64_t>(
        std::ranges::count_if(page->said, [this](const auto& m) { return tells(m, text_); }));
    const auto more = page->next != cursor_ && !page->next.empty() && pages_ < most_pages;
    cursor_ = std::move(page->next);
    if (more)
      return;
    // How often the user has said something is known only for the newest part of a conversation.
    if (messages_ != chat.messages && same_ > session.times_said())
      chat = upstream_chat{};
    else
      chat.messages = std::max(chat.messages, messages_);
  }
  chat.unsure = false;
}

std::optional<chat::failure> chat_preparation::begin_chat(const std::string& body,
                                                          upstream_chat& chat) const {
  auto id = anuneko::parse_chat_id(body);
  if (!id || id->empty())
    return chat::failure{failure_code::upstream_error, {}, "cannot create a chat"};
  chat.id = std::move(*id);
  chat.upstream = upstream_;
  chat.account = account_;
  chat.is_new = true;
  return std::nullopt;
}

} // namespace nekod
