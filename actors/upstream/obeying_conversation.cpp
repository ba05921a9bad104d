#include "actors/upstream/obeying_conversation.hpp"

#include <algorithm>
#include <numeric>

namespace nekod {

using chat::failure_code;

namespace {

/// The number of a timer is its source's tag, followed by that many bits of the source's own
/// number.
constexpr unsigned number_bits = 32;
/// The number of the timer after which a turn of several answers fails.
constexpr std::uint64_t failure_wake = ~std::uint64_t{0};

} // namespace

bool wants_obeying(const chat::request& r) { return r.choices > 1 || !r.limits.empty(); }

obeying_conversation::obeying_conversation(std::shared_ptr<upstream_service> upstream,
                                           upstream_chat known, upstream_listener& listener,
                                           conversation_context context,
                                           std::shared_ptr<byte_budget> budget)
    : upstream_(std::move(upstream)),
      listener_(listener),
      context_(std::move(context)),
      budget_(std::move(budget)) {
  sources_.push_back(std::make_unique<source>(*this, 0));
  primary().conversation = upstream_->open(std::move(known), primary(), context_);
}

// -- the interface -------------------------------------------------------------------------------

void obeying_conversation::begin(const upstream_turn& turn) {
  turn_ = turn;
  turn_.alternatives = turn.request->choices;
  failure_.reset();
  choices_.emplace(*turn.request);
  held_ = byte_budget::for_answer(budget_);
  auto& own = primary();
  own.ended = false;
  own.answers.resize(turn_.alternatives);
  std::iota(own.answers.begin(), own.answers.end(), std::size_t{0});
  own.conversation->begin(turn_);
}

void obeying_conversation::settle() {
  drop_turn();
  primary().conversation->settle();
}

void obeying_conversation::cancel(
    std::optional<std::chrono::steady_clock::time_point> client_left) {
  const auto several = choices_ && choices_->count() > 1;
  for (auto& s : sources_)
    s->conversation->cancel(client_left);
  if (several)
    let_go();
  drop_turn();
}

void obeying_conversation::give_up_late() {
  for (auto& s : sources_)
    s->conversation->give_up_late();
}

bool obeying_conversation::may_have_reached() const noexcept {
  return std::ranges::any_of(
      sources_, [](const auto& s) { return s->ended || s->conversation->may_have_reached(); });
}

void obeying_conversation::grant(std::size_t bytes) {
  if (!choices_ || choices_->count() == 1) {
    primary().conversation->grant(bytes);
    return;
  }
  // Text is read in the order in which it was passed on.
  while (bytes > 0 && !used_.empty()) {
    auto& [from, used] = used_.front();
    const auto part = std::min(bytes, used);
    from->conversation->grant(part);
    bytes -= part;
    used -= part;
    if (used == 0)
      used_.pop_front();
  }
}

void obeying_conversation::on_transfer(transfer_event&& event) {
  if (auto* s = find(event.chat))
    s->conversation->on_transfer(std::move(event));
}

void obeying_conversation::on_wake(std::uint64_t number) {
  if (number != failure_wake) {
    if (auto* s = find(number >> number_bits))
      s->conversation->on_wake(number & ((std::uint64_t{1} << number_bits) - 1));
  } else if (auto f = std::exchange(failure_, std::nullopt)) {
    cancel({});
    listener_.on_failure(std::move(*f));
  }
}

obeying_conversation::source* obeying_conversation::find(std::uint64_t tag) {
  const auto i = std::ranges::find_if(sources_, [&](const auto& s) { return s->tag == tag; });
  return i == sources_.end() ? nullptr : i->get();
}

conversation_context obeying_conversation::context_for(std::uint32_t tag) {
  conversation_context result;
  result.holds_chat = context_.holds_chat;
  result.events = [f = context_.events, tag](transfer_event&& e) {
    e.chat = tag;
    f(std::move(e));
  };
  result.wake = [this, tag](std::chrono::milliseconds time, std::uint64_t number) {
    context_.wake(time, std::uint64_t{tag} << number_bits | number);
  };
  return result;
}

// -- the answers ---------------------------------------------------------------------------------

void obeying_conversation::on_texts(source& from, const std::vector<deltas>& texts,
                                    std::size_t bytes) {
  deltas out;
  for (std::size_t i = 0; i < texts.size() && i < from.answers.size(); ++i)
    out.append(choices_->take(from.answers[i], texts[i]));
  pass_on(from, std::move(out), bytes);
  fail_for_room();
  const auto all_ended =
      std::ranges::all_of(from.answers, [this](auto i) { return choices_->ended(i); });
  if (failure_ || !all_ended)
    return;
  from.ended = true;
  from.conversation->let_go();
  end_if_all_ended();
}

void obeying_conversation::pass_on(source& from, deltas out, std::size_t bytes) {
  if (failure_ || out.empty()) {
    from.conversation->grant(bytes);
    return;
  }
  if (choices_->count() > 1)
    used_.emplace_back(&from, bytes);
  listener_.on_deltas(std::move(out), bytes);
}

/// The source's reply will bring *count* answers: other sources have to bring the rest.
void obeying_conversation::on_count(source& from, std::size_t count) {
  auto& answers = from.answers;
  if (count >= answers.size())
    return;
  const std::vector<std::size_t> rest(answers.begin() + static_cast<std::ptrdiff_t>(count),
                                      answers.end());
  answers.resize(count);
  ask_further(rest, count);
}

void obeying_conversation::ask_further(const std::vector<std::size_t>& answers,
                                       std::size_t in_one_reply) {
  for (auto i = answers.begin(); i != answers.end();) {
    const auto n = std::min(static_cast<std::ptrdiff_t>(in_one_reply), answers.end() - i);
    begin_further({i, i + n});
    i += n;
  }
}

void obeying_conversation::begin_further(std::vector<std::size_t> answers) {
  auto& s = *sources_.emplace_back(std::make_unique<source>(*this, ++last_tag_));
  s.conversation = upstream_->open({}, s, context_for(s.tag));
  auto turn = turn_;
  turn.alternatives = answers.size();
  s.answers = std::move(answers);
  s.conversation->begin(turn);
}

/// The source's reply is complete. Alternatives that it promised but did not bring are requested
/// from others.
void obeying_conversation::on_answer(source& from, const upstream_answer& answer) {
  deltas out;
  std::vector<std::size_t> brought;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < from.answers.size(); ++i) {
    const auto index = from.answers[i];
    const auto reason = i == 0                            ? std::optional{answer.end.reason}
                        : i <= answer.alternatives.size() ? answer.alternatives[i - 1]
                                                          : std::nullopt;
    (reason ? brought : missing).push_back(index);
    if (reason)
      out.append(choices_->finish(index, *reason));
  }
  from.ended = true;
  from.answers = std::move(brought);
  pass_on(from, std::move(out), 0);
  if (std::ranges::any_of(from.answers, [this](auto i) { return choices_->cut(i); }))
    from.conversation->let_go();
  ask_further(missing, from.answers.size());
  end_if_all_ended();
}

void obeying_conversation::end_if_all_ended() {
  for (std::size_t i = 0; i < choices_->count(); ++i)
    if (failure_ || !choices_->ended(i))
      return;
  upstream_answer answer{choices_->end()};
  if (choices_->count() > 1)
    answer.said = chat::message{chat::role::assistant, choices_->first_text()};
  listener_.on_answer(std::move(answer));
}

// -- failure -------------------------------------------------------------------------------------

void obeying_conversation::on_failure(source& from, upstream_failure f) {
  from.ended = true;
  if (choices_->count() > 1) {
    fail_soon(std::move(f));
    return;
  }
  drop_turn();
  listener_.on_failure(std::move(f));
}

/// Fails a turn of several answers once the current call has returned: that may be inside one of
/// the conversations that are to be dropped.
void obeying_conversation::fail_soon(upstream_failure f) {
  if (failure_)
    return;
  failure_ = std::move(f);
  context_.wake(std::chrono::milliseconds{0}, failure_wake);
}

/// Fails the turn if answers that are wanted whole are too long or do not fit the budget. Their
/// text counts twice, since it becomes JSON.
void obeying_conversation::fail_for_room() {
  if (choices_->too_long()) {
    fail_soon({chat::failure{
        failure_code::upstream_error, {}, "the answers are too long to be sent whole"}});
  } else if (!held_.resize(2 * choices_->waiting_bytes())) {
    fail_soon({chat::retry_soon(failure_code::overloaded, "no memory left for the answers")});
  }
}

/// Forgets the turn and drops its further chats. Must not be called from within one of their calls.
void obeying_conversation::drop_turn() {
  sources_.resize(1);
  used_.clear();
  choices_.reset();
  held_.force(0);
  failure_.reset();
  turn_ = upstream_turn{};
}

} // namespace nekod
