#include "actors/upstream/retrying_conversation.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

namespace nekod {

using openai::error;
using openai::error_code;
using std::chrono::milliseconds;

namespace {

/// How often one turn may move from one account to another.
constexpr unsigned most_moves = 64;

/// Whether another upstream might do better. What is wrong with a request is wrong everywhere.
bool is_upstreams_matter(const error& e) {
  switch (e.code) {
  case error_code::upstream_auth_failed:
  case error_code::upstream_loop:
  case error_code::rate_limit_exceeded:
  case error_code::upstream_error:
  case error_code::upstream_timeout:
    return true;
  default:
    return false;
  }
}

/// Half of *time*, and what chance adds of the other half: who failed together is not to come back
/// together.
milliseconds by_chance(milliseconds time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto half = time.count() / 2;
  return milliseconds{half + std::uniform_int_distribution<std::int64_t>{0, half}(random)};
}

} // namespace

retrying_conversation::retrying_conversation(std::shared_ptr<retry_plan> plan, upstream_chat known,
                                             upstream_listener& listener,
                                             conversation_context context)
    : plan_(std::move(plan)),
      listener_(listener),
      context_(std::move(context)),
      conversations_(plan_->upstreams.size()) {
  open(0, std::move(known));
}

void retrying_conversation::open(std::size_t index, upstream_chat known) {
  auto context = context_;
  context.events = [f = context_.events, index](transfer_event&& e) {
    e.upstream = static_cast<std::uint32_t>(index);
    f(std::move(e));
  };
  conversations_[index] =
      plan_->upstreams[index].service->open(std::move(known), *this, std::move(context));
}

// -- the interface -------------------------------------------------------------------------------

void retrying_conversation::begin(const upstream_turn& turn) {
  turn_ = turn;
  retries_ = moves_ = 0;
  answered_ = false;
  loading_since_.reset();
  plan_->budget.turn_begun();
  begin_round();
}

void retrying_conversation::settle() { current().settle(); }

void retrying_conversation::cancel(
    std::optional<std::chrono::steady_clock::time_point> client_left) {
  stop_clocks();
  current().cancel(client_left);
}

void retrying_conversation::let_go() {
  stop_clocks();
  turn_ = upstream_turn{};
  current().let_go();
}

void retrying_conversation::give_up_late() {
  stop_clocks();
  current().give_up_late();
}

bool retrying_conversation::may_have_told() const noexcept {
  return retry_wake_ == 0 && current().may_have_told();
}

void retrying_conversation::grant(std::size_t bytes) { current().grant(bytes); }

void retrying_conversation::on_transfer(transfer_event&& event) {
  const auto index = event.upstream;
  if (index < conversations_.size() && conversations_[index])
    conversations_[index]->on_transfer(std::move(event));
}

void retrying_conversation::on_wake(std::uint64_t number) {
  if (number == retry_wake_) {
    retry_wake_ = 0;
    if (loading_since_)
      look_after_loading();
    else
      begin_round();
  } else if (number == first_token_wake_) {
    current().give_up_late();
    error late{error_code::upstream_timeout, {}, "waiting for the answer's first text"};
    late.maybe_taken = !plan_->upstreams[index_].service->abilities().stateless;
    on_failure(std::move(late));
  }
}

// -- the way of a turn ---------------------------------------------------------------------------

/// Tries the first upstream that admits the turn. If none does, tries the conversation's own.
void retrying_conversation::begin_round() {
  first_failure_.reset();
  tried_.assign(plan_->upstreams.size(), false);
  tried_twice_.reset();
  too_long_ = false;
  const auto alone = plan_->upstreams.size() == 1;
  const auto index = alone || admits(0) ? 0 : next_upstream().value_or(0);
  if (index > 0)
    plan_->counts.fallbacks.Increment();
  try_at(index);
}

const std::string& retrying_conversation::model_at(std::size_t index) const {
  const auto& model = plan_->upstreams[index].model;
  return model.empty() ? turn_.model : model;
}

bool retrying_conversation::admits(std::size_t index) const {
  return plan_->upstreams[index].service->admits(model_at(index));
}

/// The next fall-back for the turn; last of all the upstream itself, if it was passed over.
std::optional<std::size_t> retrying_conversation::next_upstream() const {
  for (std::size_t i = 1; i < plan_->upstreams.size(); ++i)
    if (!tried_[i] && (!too_long_ || plan_->upstreams[i].long_context) && admits(i))
      return i;
  return tried_[0] ? std::nullopt : std::optional<std::size_t>{0};
}

void retrying_conversation::try_at(std::size_t index) {
  index_ = index;
  tried_[index] = true;
  if (!conversations_[index])
    open(index, {});
  if (plan_->options.first_token.count() > 0 && turn_.request->stream)
    first_token_wake_ = wake_after(plan_->options.first_token);
  if (plan_->upstreams[index].model.empty()) {
    current().begin(turn_);
    return;
  }
  auto turn = turn_;
  turn.model = model_at(index);
  current().begin(turn);
}

void retrying_conversation::tell_who_answers() {
  if (std::exchange(answered_, true) || index_ == 0)
    return;
  const auto& service = *plan_->upstreams[index_].service;
  listener_.on_other_upstream(std::string{service.name()},
                              service.public_model_id(model_at(index_)));
}

void retrying_conversation::on_deltas(deltas text, std::size_t bytes) {
  tell_who_answers();
  first_token_wake_ = 0;
  listener_.on_deltas(std::move(text), bytes);
}

void retrying_conversation::on_branches(const std::vector<deltas>& texts, std::size_t bytes) {
  tell_who_answers();
  first_token_wake_ = 0;
  listener_.on_branches(texts, bytes);
}

void retrying_conversation::on_answer(upstream_answer answer) {
  stop_clocks();
  tell_who_answers();
  turn_ = upstream_turn{};
  listener_.on_answer(std::move(answer));
}

void retrying_conversation::on_failure(upstream_failure f) {
  stop_clocks();
  if (answered_) {
    listener_.on_failure(std::move(f));
    return;
  }
  if (f.help == remedy::other_account && moves_ < most_moves) {
    ++moves_;
    try_at(index_);
    return;
  }
  if (try_once_more(f))
    return;
  const auto failed = index_;
  if (failed == 0)
    first_failure_ = f;
  if (try_elsewhere(f))
    return;
  auto first = std::exchange(first_failure_, std::nullopt).value_or(std::move(f));
  if (try_later(first))
    return;
  index_ = 0;
  turn_ = upstream_turn{};
  listener_.on_failure(std::move(first));
}

/// Has the same upstream try the turn a second time, if that is cheap and allowed.
bool retrying_conversation::try_once_more(const upstream_failure& f) {
  if (f.help != remedy::again || tried_twice_ == index_ || !take_retry())
    return false;
  tried_twice_ = index_;
  try_at(index_);
  return true;
}

/// Has a fall-back try the turn, if one may do better.
bool retrying_conversation::try_elsewhere(const upstream_failure& f) {
  const auto too_long = index_ == 0 && f.reason.code == error_code::context_length_exceeded;
  too_long_ = too_long_ || too_long;
  if (index_ == 0 && !too_long && !is_upstreams_matter(f.reason))
    return false;
  const auto next = next_upstream();
  if (!next)
    return false;
  spdlog::warn("upstream {} failed ({}), {} takes the turn",
               plan_->upstreams[index_].service->name(), openai::name_of(f.reason.code),
               plan_->upstreams[*next].service->name());
  plan_->counts.fallbacks.Increment();
  try_at(*next);
  return true;
}

/// Takes one of the turn's retries, and of the upstream's budget for them.
bool retrying_conversation::take_retry() {
  if (retries_ >= plan_->options.retries)
    return false;
  if (!plan_->budget.take()) {
    plan_->counts.refused_retries.Increment();
    return false;
  }
  ++retries_;
  plan_->counts.retries.Increment();
  return true;
}

/// Has the turn go round again after a while, if that may help and is allowed.
bool retrying_conversation::try_later(const upstream_failure& f) {
  if (f.help == remedy::when_loaded)
    return wait_for_loading(f);
  loading_since_.reset();
  const auto wait = wait_before_retry(f);
  if (!wait || !take_retry())
    return false;
  spdlog::debug("upstream {} is tried again in {} ms", plan_->upstreams.front().service->name(),
                wait->count());
  retry_wake_ = wake_after(*wait);
  return true;
}

/// Has the turn go round again when the upstream may have loaded, within its time for that.
bool retrying_conversation::wait_for_loading(const upstream_failure& f) {
  const auto now = plan_->now();
  const auto since = loading_since_.value_or(now);
  const auto wait = std::max(loading_step, f.reason.retry_after.value_or(loading_step));
  if (now + wait > since + plan_->options.loading_wait)
    return false;
  if (!loading_since_)
    spdlog::info("upstream {} is loading, a turn waits for it",
                 plan_->upstreams.front().service->name());
  loading_since_ = since;
  plan_->seen_loading = now;
  retry_wake_ = wake_after(wait);
  return true;
}

/// Asks again, unless another turn just did and found it loading.
void retrying_conversation::look_after_loading() {
  const auto now = plan_->now();
  const auto just_seen = now - plan_->seen_loading.load() < loading_step / 2;
  const auto time_left = now + loading_step <= *loading_since_ + plan_->options.loading_wait;
  if (just_seen && time_left)
    retry_wake_ = wake_after(loading_step);
  else
    begin_round();
}

std::optional<milliseconds>
retrying_conversation::wait_before_retry(const upstream_failure& f) const {
  const auto& o = plan_->options;
  if (f.help != remedy::later)
    return std::nullopt;
  if (!f.reason.retry_after)
    return by_chance(std::min(o.wait * (1u << std::min(retries_, 16u)), o.longest_wait));
  if (*f.reason.retry_after > o.longest_wait)
    return std::nullopt;
  // As long as it says, and by chance a little longer.
  return *f.reason.retry_after + by_chance(o.wait);
}

std::uint64_t retrying_conversation::wake_after(milliseconds time) {
  context_.wake(time, ++last_wake_);
  return last_wake_;
}

void retrying_conversation::stop_clocks() { retry_wake_ = first_token_wake_ = 0; }

} // namespace nekod
