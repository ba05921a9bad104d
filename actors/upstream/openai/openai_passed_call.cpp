#include "actors/upstream/openai/openai_passed_call.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod {

using openai::error;
using openai::error_code;

namespace {

/// Bytes of a failure's words that are looked at for what they say of the account.
constexpr std::size_t most_words = 64u << 10;

constexpr std::uint16_t too_many_requests = 429;

bool is_redirect(std::uint16_t status) noexcept {
  constexpr std::uint16_t not_modified = 304;
  return status >= 300 && status < 400 && status != not_modified;
}

bool refuses_account(std::uint16_t status) noexcept {
  return status == 401 || status == 402 || status == 403;
}

} // namespace

openai_passed_call::openai_passed_call(transport& net,
                                       std::shared_ptr<const openai_accounts> accounts,
                                       passed_request what, passed_call_listener& listener,
                                       transport::sink events)
    : net_(net),
      accounts_(std::move(accounts)),
      what_(std::move(what)),
      listener_(listener),
      events_(std::move(events)) {}

openai_passed_call::~openai_passed_call() {
  if (running_)
    account_->cancelled(call_);
}

void openai_passed_call::start() {
  account_ = accounts_->any(what_.model);
  counted_ = counted_turn{account_};
  running_ = true;
  held_ = false;
  response_ = upstream_response{};
  call_ = begun(openai_call::passed, what_.model);
  transfer_ = net_.start(++number_, account_->pass(what_), events_);
}

void openai_passed_call::grant(std::size_t bytes) {
  if (transfer_)
    transfer_->grant(bytes);
}

void openai_passed_call::abandon(std::chrono::steady_clock::time_point client_left) {
  if (transfer_)
    transfer_->abandon(client_left);
}

void openai_passed_call::on_transfer(transfer_event&& event) {
  if (!running_ || event.transfer != number_)
    return;
  switch (event.what) {
  case transfer_event::kind::head:
    take_head(event);
    break;
  case transfer_event::kind::data:
    take_data(std::move(event.bytes));
    break;
  case transfer_event::kind::end:
    take_end(event.failure);
    break;
  }
}

/// Whether the answer is between us and the upstream.
bool openai_passed_call::is_ours_to_tell() const noexcept {
  return refuses_account(response_.status) || is_redirect(response_.status);
}

/// Whether another account may be asked in this one's place.
bool openai_passed_call::may_ask_another() const {
  const auto refused = refuses_account(response_.status) || response_.status == too_many_requests;
  return refused && !what_.source && number_ < accounts_->all().size() &&
         accounts_->others_work(*account_, what_.model);
}

void openai_passed_call::take_head(const transfer_event& head) {
  response_.take_head(head, account_->longest_rest());
  fields_ = head.fields ? head.fields : std::make_shared<const header_fields>();
  held_ = is_ours_to_tell() || may_ask_another();
  if (!held_)
    listener_.on_head(response_.status, *fields_);
}

void openai_passed_call::take_data(std::string bytes) {
  if (held_) {
    transfer_->grant(bytes.size());
    response_.body.append(bytes, 0,
                          max_small_reply - std::min(max_small_reply, response_.body.size()));
    return;
  }
  if (!response_.ok())
    response_.body.append(bytes, 0, most_words - std::min(most_words, response_.body.size()));
  listener_.on_data(std::move(bytes));
}

void openai_passed_call::take_end(transfer_failure f) {
  running_ = false;
  if (what_.source && what_.source->is_broken()) {
    account_->cancelled(call_);
    listener_.on_failure(error_code::malformed_request);
    return;
  }
  std::optional<error> problem;
  if (f != transfer_failure::none)
    problem = failure_of(f, response_);
  else if (!response_.ok())
    problem = account_->failure_of(response_);
  account_->ended(call_, problem ? &*problem : nullptr, f, response_);
  counted_.end();
  if (f != transfer_failure::none)
    listener_.on_failure(*problem);
  else if (held_)
    end_held();
  else
    listener_.on_end();
}

/// The end of an answer that did not pass.
void openai_passed_call::end_held() {
  if (may_ask_another()) {
    start();
  } else if (is_ours_to_tell()) {
    listener_.on_failure(account_->failure_of(response_));
  } else {
    listener_.on_head(response_.status, *fields_);
    listener_.on_data(std::move(response_.body));
    listener_.on_end();
  }
}

} // namespace nekod
