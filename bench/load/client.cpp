#include "bench/load/client.hpp"

#include "bench/load/make_dialogue.hpp"

#include <utility>

namespace nekod::load {
namespace {

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

asio::ssl::context* tls_for(const address& where, run_state& run) {
  return where.is_secure ? &run.tls : nullptr;
}

} // namespace

client::client(asio::io_context& loop, run_state& run, tally& results, std::string name,
               idle_handler f)
    : run_(run),
      results_(results),
      name_(std::move(name)),
      idle_(std::move(f)),
      connection_(loop, run.servers, tls_for(run.plan.target, run), *this),
      aside_(loop, run.aside, tls_for(run.plan.aside.value_or(run.plan.target), run), *this),
      current_(&connection_) {}

void client::start(clock::time_point intended) {
  if (!talk_ || talk_->over())
    talk_ = make_dialogue(run_.plan, run_.writer, name_ + "-" + std::to_string(++talks_));
  intended_ = intended;
  counts_ = run_.counts(intended);
  pieces_ = 0;
  busy_ = true;
  ++results_.started;
  add(run_.busy, 1);
  talk_->begin_turn();
  send(talk_->next_request());
}

void client::send(std::string request) {
  current_ = run_.plan.aside && !talk_->is_measured() ? &aside_ : &connection_;
  current_->send(std::move(request));
}

void client::check_time(clock::time_point now) {
  if (!busy_ || now - current_->last_sign() < run_state::to_ticks(run_.plan.timeout))
    return;
  auto what = current_->waits_for();
  current_->close();
  fail({fault_kind::timeout, std::move(what)});
}

void client::cut() {
  if (!busy_)
    return;
  current_->close();
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
  if (run_.counts(current_->last_sign()))
    results_.bytes += bytes.size();
  if (const auto n = talk_->on_body(status_, bytes); n > 0)
    take_pieces(n);
}

void client::on_end() {
  if (auto wrong = talk_->on_end(status_))
    return fail(*std::move(wrong));
  if (talk_->is_measured())
    record_answer();
  auto next = talk_->next_request();
  if (next.empty())
    end(true);
  else
    send(std::move(next));
}

void client::on_failure(fault f) { fail(std::move(f)); }

// -- how it goes ---------------------------------------------------------------------------------

void client::take_pieces(std::size_t n) {
  const auto now = current_->last_sign();
  const auto is_first = pieces_ == 0;
  if (is_first)
    first_ = now - intended_;
  pieces_ += n;
  add(run_.pieces, n);
  if (run_.counts(now)) {
    results_.pieces += n;
    record_gaps(is_first ? n - 1 : n, is_first ? clock::duration::zero() : now - last_piece_);
  }
  last_piece_ = now;
}

/// Pieces that arrive together have no time between them.
void client::record_gaps(std::size_t n, clock::duration first) {
  if (n == 0)
    return;
  results_.between_tokens.record(first);
  results_.between_tokens.record(clock::duration::zero(), n - 1);
}

void client::record_answer() {
  const auto now = current_->last_sign();
  if (counts_) {
    results_.total.record(now - intended_);
    if (pieces_ > 0)
      results_.first_token.record(first_);
  }
  if (run_.counts(now))
    ++results_.answers;
  add(run_.answers, 1);
}

void client::fail(fault f) {
  ++results_.faults[std::move(f)];
  add(run_.faults, 1);
  talk_.reset(); // The server's state of this conversation is unknown from here on.
  end(false);
}

void client::end(bool well) {
  busy_ = false;
  results_.last_end = clock::now();
  run_.busy.fetch_sub(1, std::memory_order_relaxed);
  idle_(*this, well);
}

} // namespace nekod::load
