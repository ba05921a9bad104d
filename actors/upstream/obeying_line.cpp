#include "actors/upstream/obeying_line.hpp"

#include <algorithm>
#include <numeric>

namespace nekod {

using openai::error;
using openai::error_code;

namespace {

/// A source's tag stands above the numbers of its times.
constexpr unsigned number_bits = 32;
/// Of the time after which a turn of several answers fails: no source's.
constexpr std::uint64_t failure_wake = ~std::uint64_t{0};

} // namespace

bool wants_obeying(const openai::chat_request& r) { return r.choices > 1 || !r.limits.empty(); }

obeying_line::obeying_line(std::shared_ptr<upstream_service> upstream, upstream_chat known,
                           upstream_listener& listener, line_context context,
                           std::shared_ptr<byte_budget> budget)
    : upstream_(std::move(upstream)),
      listener_(listener),
      context_(std::move(context)),
      budget_(std::move(budget)) {
  sources_.push_back(std::make_unique<source>(*this, 0));
  conversation().line = upstream_->open(std::move(known), conversation(), context_);
}

// -- the interface -------------------------------------------------------------------------------

void obeying_line::begin(const upstream_turn& turn) {
  turn_ = turn;
  turn_.alternatives = turn.request->choices;
  failure_.reset();
  choices_.emplace(*turn.request);
  held_ = byte_budget::for_answer(budget_);
  auto& own = conversation();
  own.ended = false;
  own.answers.resize(turn_.alternatives);
  std::iota(own.answers.begin(), own.answers.end(), std::size_t{0});
  own.line->begin(turn_);
}

void obeying_line::settle() {
  drop_turn();
  conversation().line->settle();
}

void obeying_line::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  const auto several = choices_ && choices_->count() > 1;
  for (auto& s : sources_)
    s->line->cancel(client_left);
  if (several)
    let_go();
  drop_turn();
}

void obeying_line::give_up_late() {
  for (auto& s : sources_)
    s->line->give_up_late();
}

bool obeying_line::may_have_told() const noexcept {
  return std::ranges::any_of(sources_,
                             [](const auto& s) { return s->ended || s->line->may_have_told(); });
}

void obeying_line::grant(std::size_t bytes) {
  if (!choices_ || choices_->count() == 1) {
    conversation().line->grant(bytes);
    return;
  }
  // Pieces leave in the order in which they were passed on.
  while (bytes > 0 && !used_.empty()) {
    auto& [from, used] = used_.front();
    const auto part = std::min(bytes, used);
    from->line->grant(part);
    bytes -= part;
    used -= part;
    if (used == 0)
      used_.pop_front();
  }
}

void obeying_line::on_transfer(transfer_event event) {
  if (auto* s = find(event.line))
    s->line->on_transfer(std::move(event));
}

void obeying_line::on_wake(std::uint64_t number) {
  if (number != failure_wake) {
    if (auto* s = find(number >> number_bits))
      s->line->on_wake(number & ((std::uint64_t{1} << number_bits) - 1));
  } else if (auto f = std::exchange(failure_, std::nullopt)) {
    cancel({});
    listener_.on_failure(std::move(*f));
  }
}

obeying_line::source* obeying_line::find(std::uint64_t tag) {
  const auto i = std::ranges::find_if(sources_, [&](const auto& s) { return s->tag == tag; });
  return i == sources_.end() ? nullptr : i->get();
}

line_context obeying_line::context_for(std::uint32_t tag) {
  line_context result;
  result.events = [f = context_.events, tag](transfer_event e) {
    e.line = tag;
    f(std::move(e));
  };
  result.wake = [this, tag](std::chrono::milliseconds time, std::uint64_t number) {
    context_.wake(time, std::uint64_t{tag} << number_bits | number);
  };
  return result;
}

// -- the answers ---------------------------------------------------------------------------------

void obeying_line::take(source& from, const std::vector<deltas>& texts, std::size_t bytes) {
  deltas out;
  for (std::size_t i = 0; i < texts.size() && i < from.answers.size(); ++i)
    out.append(choices_->take(from.answers[i], texts[i]));
  pass_on(from, std::move(out), bytes);
  fail_for_room();
  if (failure_ || !all_ended(from))
    return;
  from.ended = true;
  from.line->let_go();
  end_if_all_ended();
}

void obeying_line::pass_on(source& from, deltas out, std::size_t bytes) {
  if (failure_ || out.empty()) {
    from.line->grant(bytes);
    return;
  }
  if (choices_->count() > 1)
    used_.emplace_back(&from, bytes);
  listener_.on_deltas(std::move(out), bytes);
}

/// The source's reply brings *count* answers: others have to bring the rest.
void obeying_line::spread(source& from, std::size_t count) {
  auto& answers = from.answers;
  if (count >= answers.size())
    return;
  const std::vector<std::size_t> rest(answers.begin() + static_cast<std::ptrdiff_t>(count),
                                      answers.end());
  answers.resize(count);
  ask_further(rest, count);
}

void obeying_line::ask_further(const std::vector<std::size_t>& answers, std::size_t in_one_reply) {
  for (auto i = answers.begin(); i != answers.end();) {
    const auto n = std::min(static_cast<std::ptrdiff_t>(in_one_reply), answers.end() - i);
    begin_further({i, i + n});
    i += n;
  }
}

void obeying_line::begin_further(std::vector<std::size_t> answers) {
  auto& s = *sources_.emplace_back(std::make_unique<source>(*this, ++last_tag_));
  s.line = upstream_->open({}, s, context_for(s.tag));
  auto turn = turn_;
  turn.alternatives = answers.size();
  s.answers = std::move(answers);
  s.line->begin(turn);
}

/// The source's reply is whole. Alternatives that it did not bring after all are asked for
/// elsewhere.
void obeying_line::end(source& from, const upstream_answer& answer) {
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
    from.line->let_go();
  ask_further(missing, from.answers.size());
  end_if_all_ended();
}

bool obeying_line::all_ended(const source& from) const {
  return std::ranges::all_of(from.answers, [this](auto i) { return choices_->ended(i); });
}

void obeying_line::end_if_all_ended() {
  for (std::size_t i = 0; i < choices_->count(); ++i)
    if (failure_ || !choices_->ended(i))
      return;
  upstream_answer answer{choices_->end()};
  if (choices_->count() > 1)
    answer.said = openai::message{openai::role::assistant, choices_->first_text()};
  listener_.on_answer(std::move(answer));
}

// -- failure -------------------------------------------------------------------------------------

void obeying_line::fail(source& from, upstream_failure f) {
  from.ended = true;
  if (choices_->count() > 1) {
    fail_soon(std::move(f));
    return;
  }
  drop_turn();
  listener_.on_failure(std::move(f));
}

/// A turn of several answers fails in a turn of the loop of its own: its lines may be at work now.
void obeying_line::fail_soon(upstream_failure f) {
  if (failure_)
    return;
  failure_ = std::move(f);
  context_.wake(std::chrono::milliseconds{0}, failure_wake);
}

/// Fails several answers that are wanted whole and are too long, or do not fit the budget: twice
/// their text, since JSON is made of it.
void obeying_line::fail_for_room() {
  if (choices_->too_long()) {
    fail_soon({error{error_code::upstream_error, {}, "the answers are too long for one piece"}});
  } else if (!held_.resize(2 * choices_->waiting_bytes())) {
    error full{error_code::overloaded, {}, "no memory is left for the answers"};
    full.retry_after = std::chrono::seconds{2};
    fail_soon({std::move(full)});
  }
}

/// Forgets the turn, whose lines are not at work.
void obeying_line::drop_turn() {
  sources_.resize(1);
  used_.clear();
  choices_.reset();
  held_.force(0);
  failure_.reset();
  turn_ = upstream_turn{};
}

} // namespace nekod
