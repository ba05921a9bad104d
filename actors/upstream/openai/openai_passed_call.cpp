#include "actors/upstream/openai/openai_passed_call.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod {

using chat::failure_code;

namespace {

/// The most bytes of a failure's body that are searched for its reason.
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
    : accounts_(std::move(accounts)),
      what_(std::move(what)),
      listener_(listener),
      exchange_(net, std::move(events), *this) {}

void openai_passed_call::start() {
  account_ = accounts_->any(what_.model);
  held_ = false;
  ++calls_;
  exchange_.begin_turn(account_);
  exchange_.start(begun(openai_call::passed, what_.model), account_->pass(what_));
}

void openai_passed_call::abandon(std::chrono::steady_clock::time_point client_left) {
  exchange_.cancel(client_left);
}

/// Whether the answer concerns only the upstream and us, not the client.
bool openai_passed_call::is_ours_to_tell() const noexcept {
  const auto status = exchange_.response().status;
  return refuses_account(status) || is_redirect(status);
}

/// Whether another account may be asked instead.
bool openai_passed_call::may_ask_another() const {
  const auto status = exchange_.response().status;
  const auto refused = refuses_account(status) || status == too_many_requests;
  return refused && !what_.source && calls_ < accounts_->all().size() &&
         accounts_->others_work(*account_, what_.model);
}

void openai_passed_call::on_head(const transfer_event& head) {
  fields_ = head.fields ? head.fields : std::make_shared<const header_fields>();
  held_ = is_ours_to_tell() || may_ask_another();
  if (!held_)
    listener_.on_head(head.status, *fields_);
}

void openai_passed_call::on_body(std::string&& bytes) {
  auto& response = exchange_.response();
  if (held_) {
    exchange_.grant(bytes.size());
    response.body.append(bytes, 0,
                         max_small_reply - std::min(max_small_reply, response.body.size()));
    return;
  }
  if (!response.ok())
    response.body.append(bytes, 0, most_words - std::min(most_words, response.body.size()));
  listener_.on_data(std::move(bytes));
}

void openai_passed_call::on_end() {
  if (what_.source && what_.source->is_broken()) {
    exchange_.cancel({});
    listener_.on_failure(failure_code::malformed_request);
    return;
  }
  const auto failure = exchange_.failure();
  std::optional<chat::failure> problem;
  if (failure != transfer_failure::none)
    problem = failure_of(failure, exchange_.response());
  else if (!exchange_.response().ok())
    problem = account_->failure_of(exchange_.response());
  exchange_.finish(problem ? &*problem : nullptr);
  if (failure != transfer_failure::none)
    listener_.on_failure(*problem);
  else if (held_)
    end_held();
  else
    listener_.on_end();
}

/// The end of an answer that was held back.
void openai_passed_call::end_held() {
  const auto reason = account_->failure_of(exchange_.response());
  const auto is_clients_fault = reason.code == failure_code::upstream_refused;
  if (!is_clients_fault && may_ask_another()) {
    start();
  } else if (is_ours_to_tell()) {
    listener_.on_failure(reason);
  } else {
    auto& response = exchange_.response();
    listener_.on_head(response.status, *fields_);
    listener_.on_data(std::move(response.body));
    listener_.on_end();
  }
}

} // namespace nekod
