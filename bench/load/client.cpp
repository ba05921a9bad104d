#include "bench/load/client.hpp"

#include "bench/load/answers.hpp"

#include <utility>

namespace nekod::load {
namespace {

/// More than this of an answer that is not streamed is not kept.
constexpr std::size_t longest_body = 16u << 20;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

} // namespace

client::client(asio::io_context& loop, run_state& run, tally& results, std::string name,
               idle_handler f)
    : run_(run),
      results_(results),
      name_(std::move(name)),
      idle_(std::move(f)),
      connection_(loop, run.servers, *this) {}

void client::start(clock::time_point intended) {
  const auto& plan = run_.plan;
  if (!talk_ || talk_->over())
    talk_.emplace(plan, run_.writer, name_ + "-" + std::to_string(++talks_));
  const auto remembers = plan.by == continuation::history && plan.turns != 1;
  checker_ = stream_checker{remembers || !plan.expected_text.empty()};
  body_.clear();
  intended_ = intended;
  counts_ = run_.counts(intended);
  status_ = 0;
  busy_ = true;
  ++results_.started;
  add(run_.busy, 1);
  connection_.send(talk_->next_turn());
}

void client::check_time(clock::time_point now) {
  if (!busy_ || now - connection_.last_sign() < run_state::to_ticks(run_.plan.timeout))
    return;
  auto what = connection_.waits_for();
  connection_.close();
  fail({fault_kind::timeout, std::move(what)});
}

void client::cut() {
  if (!busy_)
    return;
  connection_.close();
  ++results_.cut;
  busy_ = false;
}

// -- what the connection tells -------------------------------------------------------------------

void client::on_connected() { ++results_.connections; }

void client::on_head(const response_head& head) {
  status_ = head.status;
  if (!head.session_match.empty())
    ++results_.session_matches[head.session_match];
}

void client::on_body(std::string_view bytes) {
  if (run_.counts(connection_.last_sign()))
    results_.bytes += bytes.size();
  if (run_.plan.stream && status_ == 200)
    take_stream(bytes);
  else if (body_.size() < longest_body)
    body_ += bytes;
}

void client::on_end() {
  if (auto wrong = check())
    return fail(*std::move(wrong));
  succeed();
}

void client::on_failure(fault f) { fail(std::move(f)); }

// -- how it goes ---------------------------------------------------------------------------------

void client::take_stream(std::string_view bytes) {
  const auto before = checker_.pieces();
  const auto n = checker_.feed(bytes);
  if (n == 0)
    return;
  const auto now = connection_.last_sign();
  if (before == 0) {
    first_ = now - intended_;
    last_piece_ = now;
  }
  add(run_.pieces, n);
  if (run_.counts(now)) {
    results_.pieces += n;
    record_gaps(before == 0 ? n - 1 : n, now - last_piece_);
  }
  last_piece_ = now;
}

/// Pieces that came together are no time apart.
void client::record_gaps(std::size_t n, clock::duration first) {
  if (n == 0)
    return;
  results_.between_tokens.record(first);
  results_.between_tokens.record(clock::duration::zero(), n - 1);
}

/// Looks at a complete answer, and gives its text to the conversation.
std::optional<fault> client::check() {
  if (status_ != 200)
    return refusal(status_, body_);
  if (!run_.plan.stream) {
    auto answer = read_whole(body_);
    return answer.wrong ? std::move(answer.wrong) : check_text(answer.text);
  }
  if (auto wrong = checker_.finish())
    return wrong;
  const auto& wanted = run_.plan.expected_pieces;
  if (wanted && checker_.pieces() != *wanted)
    return fault{fault_kind::wrong, "another number of pieces than " + std::to_string(*wanted)};
  return check_text(checker_.text());
}

std::optional<fault> client::check_text(std::string_view escaped) {
  if (!run_.plan.expected_text.empty() && !holds(escaped, talk_->expected_text()))
    return fault{fault_kind::wrong, "the text expected is not in an answer"};
  talk_->answered(escaped);
  return std::nullopt;
}

void client::succeed() {
  const auto now = connection_.last_sign();
  if (counts_) {
    results_.total.record(now - intended_);
    if (checker_.pieces() > 0)
      results_.first_token.record(first_);
  }
  if (run_.counts(now))
    ++results_.answers;
  add(run_.answers, 1);
  end(true);
}

void client::fail(fault f) {
  ++results_.faults[std::move(f)];
  add(run_.faults, 1);
  talk_.reset(); // What the server makes of it from here on is not known.
  end(false);
}

void client::end(bool well) {
  busy_ = false;
  results_.last_end = clock::now();
  run_.busy.fetch_sub(1, std::memory_order_relaxed);
  idle_(*this, well);
}

} // namespace nekod::load
