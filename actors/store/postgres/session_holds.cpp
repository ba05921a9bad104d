#include "actors/store/postgres/session_holds.hpp"

#include "actors/runtime/metrics.hpp"
#include "actors/store/postgres/response_rows.hpp"
#include "actors/store/store_refusals.hpp"

#include <caf/sec.hpp>
#include <spdlog/spdlog.h>

namespace nekod::postgres {

caf::error failure_of(const query_failure& f) {
  if (!f.unavailable)
    spdlog::error("the database refused a query: {}", f.text);
  return caf::make_error(caf::sec::runtime_error, f.text);
}

// -- to take -------------------------------------------------------------------------------------

void session_holds::take(session_wanted wanted, taken_handler then) {
  auto t = std::make_shared<pending_take>();
  t->wanted = std::move(wanted);
  t->then = std::move(then);
  t->asked = clock::now();
  // Late commits of this node's sessions come before a session is taken again.
  if (!lives_ || !late_releases_.empty())
    held_.emplace_back(releases_, std::move(t));
  else
    try_take(t);
}

void session_holds::try_take(const pending_ptr& t) {
  order_.run(t->wanted.token, [this, t] {
    const auto now = clock::now();
    const auto takes_over = now >= patient_until_;
    all_.ask(take_query(node_, t->wanted, {released_.begin(), released_.end()}, takes_over),
             [this, t, now, period = hold_.period()](const query_result& result) {
               take_seconds_.Observe(in_seconds(clock::now() - now));
               took(t, result, period);
             });
  });
}

/// @param period In which the database was asked.
void session_holds::took(const pending_ptr& t, const query_result& result, std::uint64_t period) {
  if (const auto* f = std::get_if<query_failure>(&result)) {
    t->then(failure_of(*f));
  } else {
    auto outcome = taken_of(std::get<rows>(result), t->wanted);
    outcome.taken.period = period;
    if (!outcome.busy) {
      t->then(std::move(outcome.taken));
    } else if (ends_ || clock::now() >= t->asked + wait_) {
      t->then(busy_elsewhere());
    } else {
      t->key = *outcome.busy;
      waiting_.push_back(t);
    }
  }
  order_.done(t->wanted.token);
}

void session_holds::freed(std::int64_t key) {
  for (const auto& t : std::exchange(waiting_, {})) {
    if (t->key == key)
      try_take(t);
    else
      waiting_.push_back(t);
  }
}

void session_holds::look_again() {
  for (const auto& t : std::exchange(waiting_, {}))
    try_take(t);
  const auto too_old = clock::now() - query_time;
  for (auto& h : std::exchange(held_, {})) {
    if (h.second->asked < too_old)
      h.second->then(failure_of({true, "no server in time"}));
    else
      held_.push_back(std::move(h));
  }
}

void session_holds::try_held() {
  const auto is_ready = [this](std::uint64_t releases) {
    return lives_ && (late_releases_.empty() || *late_releases_.begin() > releases);
  };
  for (auto& h : std::exchange(held_, {})) {
    if (is_ready(h.first))
      try_take(h.second);
    else
      held_.push_back(std::move(h));
  }
}

void session_holds::lives(clock::time_point patient_until) {
  patient_until_ = patient_until;
  if (!std::exchange(lives_, true))
    try_held();
  // A session that is not released is lost to the other nodes for as long as this one lives.
  for (const auto& token : std::exchange(unreleased_, {}))
    release_now(token, [] {});
}

void session_holds::refuse_waiting() {
  ends_ = true;
  for (const auto& t : std::exchange(waiting_, {}))
    t->then(busy_elsewhere());
  for (const auto& h : std::exchange(held_, {}))
    h.second->then(busy_elsewhere());
}

// -- to commit and release -----------------------------------------------------------------------

void session_holds::commit(session_commit c, commit_handler then) {
  auto pending = std::make_shared<pending_commit>();
  pending->token = c.token;
  pending->ask = commit_query(node_, c, node_.id + ':' + std::to_string(++commits_));
  if (node_.keeps_texts)
    pending->response = std::move(c.response);
  pending->then = std::move(then);
  order_.run(pending->token, [this, pending] {
    if (!pending->response)
      return write(pending);
    responses_.run(pending->response->key(), [this, pending] {
      if (may_be_written(*pending->response))
        pending->ask = commit_with_response(std::move(pending->ask), node_, *pending->response);
      write(pending);
    });
  });
}

/// Writes a commit, once nothing else of its token or its response is under way.
void session_holds::write(const commit_ptr& c) {
  all_.ask(std::move(c->ask), [this, c](const query_result& result) {
    if (const auto* f = std::get_if<query_failure>(&result))
      c->then(failure_of(*f));
    else
      c->then(std::get<rows>(result).number(0, 0) == 0 ? caf::error{} : refused_commit());
    if (c->response)
      responses_.done(c->response->key());
    order_.done(c->token);
  });
}

void session_holds::release(const session_token& token) {
  const auto is_token = [&](const pending_ptr& t) { return t->wanted.token == token; };
  // The token's owner waits for these no more.
  std::erase_if(waiting_, is_token);
  std::erase_if(held_, [&](const auto& h) { return is_token(h.second); });
  const auto number = ++releases_;
  if (order_.has(token))
    late_releases_.insert(number);
  order_.run(token, [this, token, number] {
    late_releases_.erase(number);
    released_.insert(token_text(token));
    release_now(token, [this, token] { order_.done(token); });
    try_held();
  });
}

/// @param then Called in any case.
void session_holds::release_now(const session_token& token, const std::function<void()>& then) {
  all_.ask(release_query(token), [this, token, then](const query_result& result) {
    if (const auto* f = std::get_if<query_failure>(&result)) {
      failure_of(*f);
      unreleased_.push_back(token);
    } else if (const auto i = released_.find(token_text(token)); i != released_.end()) {
      released_.erase(i);
    }
    then();
  });
}

} // namespace nekod::postgres
