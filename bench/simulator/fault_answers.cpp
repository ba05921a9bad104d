#include "bench/simulator/fault_answers.hpp"

#include "bench/simulator/answers.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::sim {

namespace {

void answer_status_fault(const fault& f, http::exchange& x) {
  http::fields headers{{"Content-Type", "application/json"}};
  if (f.retry_after)
    headers.emplace_back("Retry-After", std::to_string(*f.retry_after));
  x.respond(f.status, std::move(headers), f.body.empty() ? error_body(f) : f.body);
}

void answer_html_fault(const fault& f, http::exchange& x) {
  constexpr std::string_view page =
      "<!doctype html><title>One moment</title><p>The cats are asleep. Please come back later.</p>";
  x.respond(200, {{"Content-Type", "text/html; charset=utf-8"}},
            f.body.empty() ? std::string{page} : f.body);
}

void hold_in_silence(const state_ptr& s, const http::exchange_ptr& x) {
  s->open_answers.keep(x);
  x->on_gone([weak = std::weak_ptr{s}, key = x.get()] {
    if (auto alive = weak.lock())
      alive->open_answers.release(key);
  });
}

} // namespace

void answer_fault(const state_ptr& s, const fault& f, const http::exchange_ptr& x) {
  switch (f.kind) {
  case fault_kind::status:
    return answer_status_fault(f, *x);
  case fault_kind::html:
    return answer_html_fault(f, *x);
  case fault_kind::silent:
    return hold_in_silence(s, x);
  default:
    return x->abort();
  }
}

} // namespace nekod::sim
