// The part of the conversation that decides how a turn goes on when one of its calls has ended.

#include "actors/session/transcript.hpp"
#include "actors/upstream/anuneko/anuneko_conversation.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

using openai::error;
using openai::error_code;

namespace {

openai::finish_reason reason_of(const std::string& word) {
  if (word == "length" || word == "max_tokens")
    return openai::finish_reason::length;
  if (word == "content_filter" || word == "sensitive")
    return openai::finish_reason::content_filter;
  return openai::finish_reason::stop;
}

/// Pages of a chat that are read, of a hundred messages each.
constexpr unsigned most_pages = 50;

} // namespace

bool anuneko_conversation::chat_is_lost() const {
  if (response_.status == 404 || response_.status == 410)
    return true;
  auto e = response_.ok() ? decoder_.error() : anuneko::parse_error(response_.body);
  return e && e->code == anuneko::choice_not_taken;
}

/// The reply's stream ended, or said that there will be no more of it.
void anuneko_conversation::end_post() {
  auto problem = decoder_.error();
  if (!problem) {
    note_reply();
    account_->ended(running_, nullptr, failure_, response_);
    upstream_answer answer{reason_of(decoder_.finish_reason())};
    answer.alternatives = ends_of_alternatives();
    turn_ = upstream_turn{};
    stop_transfer();
    listener_.on_answer(std::move(answer));
  } else {
    end_call(failure_of(*problem));
  }
}

std::vector<std::optional<openai::finish_reason>>
anuneko_conversation::ends_of_alternatives() const {
  std::vector<std::optional<openai::finish_reason>> result;
  for (const auto& [decoder, begun] : alternatives_)
    result.push_back(begun || !decoder.finish_reason().empty()
                         ? std::optional{reason_of(decoder.finish_reason())}
                         : std::nullopt);
  return result;
}

/// Whether a response of success tells an error of the service's, in place of what was asked for.
bool anuneko_conversation::service_tells_error() const {
  if (step_ == step::posting)
    return decoder_.error() && decoder_.error_is_theirs();
  return anuneko::parse_error(response_.body).has_value();
}

/// A call ended; *problem* says how it failed, if it did. All of a turn's failures pass here.
void anuneko_conversation::end_call(std::optional<error> problem) {
  response_.tells_error = problem && service_tells_error();
  account_->ended(running_, problem ? &*problem : nullptr, failure_, response_);
  if (problem && (step_ == step::posting || step_ == step::selecting) && !flow_.begun() &&
      !replaced_ && chat_is_lost()) {
    replace_chat();
    return;
  }
  if (step_ == step::posting) {
    note_reply();
    if (problem)
      problem->maybe_taken = !surely_not_taken_;
    // Whoever says it again may not be told to the same chat twice.
    chat_.unsure = problem && problem->maybe_taken && !flow_.begun();
  }
  help_ = problem ? remedy_for(*problem) : remedy::none;
  auto ended = step_;
  auto body = std::move(response_.body);
  stop_transfer();
  if (ended == step::reading)
    end_reading(std::move(problem), body);
  else if (ended == step::choosing_after)
    end_choosing_after(!problem);
  else if (ended == step::choosing_before)
    end_choosing_before(std::move(problem));
  else if (problem)
    fail(std::move(*problem));
  else if (ended == step::creating)
    end_creating(body);
  else {
    chat_.model = turn_.model;
    post();
  }
}

void anuneko_conversation::end_reading(std::optional<error> problem, const std::string& body) {
  // A service that cannot tell has to be believed; one that cannot be asked now can be told
  // nothing.
  auto cannot_tell = response_.status >= 200 && response_.status < 500 &&
                     failure_ == transfer_failure::none && problem &&
                     problem->code == error_code::upstream_error;
  if (problem && !cannot_tell) {
    fail(std::move(*problem));
    return;
  }
  if (auto page = problem ? std::nullopt : anuneko::parse_message_page(body)) {
    read_.messages += page->said.size();
    read_.same += static_cast<std::uint64_t>(
        std::count_if(page->said.begin(), page->said.end(),
                      [this](const auto& message) { return tells(message, turn_.text); }));
    auto more = page->next != read_.next && !page->next.empty() && read_.pages < most_pages;
    read_.next = std::move(page->next);
    if (more) {
      read_chat();
      return;
    }
    compare();
  }
  chat_.unsure = false;
  go();
}

/// A chat that has not just what is known of it, and this turn's text among it, was told that
/// already: a new one takes its place. How often the user has said it before is known of the newest
/// part of a conversation only.
void anuneko_conversation::compare() {
  if (read_.messages != chat_.messages && read_.same > listener_.times_said())
    chat_ = upstream_chat{};
  else
    chat_.messages = std::max(chat_.messages, read_.messages);
}

void anuneko_conversation::end_choosing_before(std::optional<error> problem) {
  auto refused = response_.status >= 200 && response_.status < 500;
  if (problem && !(refused && problem->code == error_code::upstream_error)) {
    fail(std::move(*problem));
    return;
  }
  // A choice may be refused because it was made already. If not, the chat refuses the next message.
  chat_.unsettled_message.clear();
  prepare_chat();
}

/// A choice that failed is made again before the next message.
void anuneko_conversation::end_choosing_after(bool chosen) {
  if (chosen)
    chat_.unsettled_message.clear();
  settled();
}

void anuneko_conversation::settled() {
  counted_.end();
  listener_.on_settled();
}

void anuneko_conversation::end_creating(const std::string& body) {
  auto id = anuneko::parse_chat_id(body);
  if (!id || id->empty()) {
    account_->learned_nothing();
    fail({error_code::upstream_error, {}, "cannot create a chat"});
    return;
  }
  chat_.id = std::move(*id);
  chat_.upstream = account_->who().upstream;
  chat_.account = account_->who().id;
  chat_.is_new = true;
  // The model a chat was created with is not always the one that answers: known clients select it,
  // too.
  call(step::selecting, anuneko::select_model(chat_.id, turn_.model));
}

remedy anuneko_conversation::remedy_for(const error& reason) const {
  if (reason.maybe_taken)
    return remedy::none;
  auto others = accounts_->others_work(*account_, turn_.model);
  if (reason.code == error_code::upstream_auth_failed)
    return others ? remedy::other_account : remedy::none;
  if (reason.code == error_code::rate_limit_exceeded)
    return others && !is_page(response_) ? remedy::other_account : remedy::later;
  if (loads(response_, failure_, accounts_->breaker()))
    return remedy::when_loaded;
  return failure_ != transfer_failure::none || response_.status >= 500 ? remedy::later
                                                                       : remedy::none;
}

void anuneko_conversation::fail(error reason) {
  if (help_ == remedy::other_account)
    chat_ = upstream_chat{};
  tell_shortest_rest(reason, *accounts_, turn_.model);
  turn_ = upstream_turn{};
  counted_.end();
  listener_.on_failure({std::move(reason), help_});
}

} // namespace nekod
