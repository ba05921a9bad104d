#include "actors/upstream/anuneko_account.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

/// The site that a base URL belongs to: its scheme and host.
std::string origin_of(const std::string& base_url) {
  auto host = base_url.find("://");
  if (host == std::string::npos)
    return base_url;
  return base_url.substr(0, base_url.find('/', host + 3));
}

/// Failed calls in a row after which an upstream that can be connected to counts as gone, too.
constexpr unsigned failures_that_tell = 5;

/// Whether *code* is a machine's word, so that it surely quotes nothing.
bool is_word(std::string_view code) {
  return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

call_metrics series_for(metrics& counts, anuneko::call_kind kind) {
  return counts.upstream_calls(std::string{anuneko::name_of(kind)});
}

call_outcome outcome_of(const error* problem, transfer_failure f) {
  if (problem == nullptr)
    return call_outcome::ok;
  if (problem->code == error_code::upstream_timeout)
    return call_outcome::timeout;
  return f == transfer_failure::none ? call_outcome::refused : call_outcome::failed;
}

} // namespace

anuneko_account::anuneko_account(anuneko_options options)
    : options_(std::move(options)),
      origin_(origin_of(options_.base_url)),
      calls_{series_for(*options_.counts, anuneko::call_kind::view_user),
             series_for(*options_.counts, anuneko::call_kind::create_chat),
             series_for(*options_.counts, anuneko::call_kind::select_model),
             series_for(*options_.counts, anuneko::call_kind::post_message),
             series_for(*options_.counts, anuneko::call_kind::select_choice)} {
  options_.counts->accounts[state_].Increment();
}

anuneko_account::~anuneko_account() { options_.counts->accounts[state_].Decrement(); }

void anuneko_account::ended(const running_call& c, const error* problem, transfer_failure f) {
  count(c, outcome_of(problem, f));
  auto works = problem == nullptr || problem->code == error_code::rate_limit_exceeded;
  auto failures = works ? failures_in_a_row_ = 0 : ++failures_in_a_row_;
  if (works)
    stands(account_state::works);
  else if (problem->code == error_code::upstream_auth_failed)
    stands(account_state::refused);
  else if (f == transfer_failure::unreachable || f == transfer_failure::connect_timeout ||
           failures >= failures_that_tell)
    stands(account_state::unreachable);
}

void anuneko_account::cancelled(const running_call& c) { count(c, call_outcome::cancelled); }

void anuneko_account::skipped(std::uint64_t events) {
  if (events > 0)
    options_.counts->skipped_events.Increment(static_cast<double>(events));
}

void anuneko_account::count(const running_call& c, call_outcome outcome) {
  const auto& series = calls_[static_cast<std::size_t>(c.kind)];
  series.outcomes[outcome].Increment();
  auto seconds = in_seconds(std::chrono::steady_clock::now() - c.begun);
  series.seconds.Observe(seconds);
  spdlog::debug("upstream {} {} after {:.1f}ms", anuneko::name_of(c.kind), name_of(outcome),
                seconds * 1000);
}

void anuneko_account::stands(account_state next) {
  auto before = state_.exchange(next);
  if (before == next)
    return;
  options_.counts->accounts[before].Decrement();
  options_.counts->accounts[next].Increment();
}

http_call anuneko_account::make(anuneko::call c, bool repeatable) const {
  http_call result;
  result.method = std::move(c.method);
  result.url = options_.base_url + c.path;
  result.body = std::move(c.body);
  result.limits = options_.limits;
  result.repeatable = repeatable;
  result.headers = {{"x-token", options_.token},
                    {"x-app_id", "com.anuttacon.neko"},
                    {"x-client_type", "4"},
                    {"x-device_id", options_.device_id},
                    {"origin", origin_},
                    {"referer", origin_ + "/"},
                    {"user-agent",
                     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
                     "Gecko) Chrome/131.0.0.0 Safari/537.36"},
                    {"accept", "*/*"}};
  if (!options_.cookie.empty())
    result.headers.emplace_back("cookie", options_.cookie);
  if (!c.content_type.empty())
    result.headers.emplace_back("content-type", std::move(c.content_type));
  return result;
}

error failure_of(const anuneko::service_error& e) {
  if (anuneko::refuses_account(e))
    return error_code::upstream_auth_failed;
  return {
      error_code::upstream_error, {}, is_word(e.code) ? "upstream code " + e.code : std::string{}};
}

error failure_of(transfer_failure f) {
  switch (f) {
  case transfer_failure::unreachable:
    return {error_code::upstream_error, {}, "cannot connect to the upstream"};
  case transfer_failure::connect_timeout:
    return {error_code::upstream_timeout, {}, "connecting to the upstream"};
  case transfer_failure::first_byte_timeout:
    return {error_code::upstream_timeout, {}, "waiting for the upstream's first byte"};
  case transfer_failure::silence_timeout:
    return {error_code::upstream_timeout, {}, "the upstream's reply stopped"};
  case transfer_failure::whole_timeout:
    return {error_code::upstream_timeout, {}, "the upstream's reply took too long"};
  case transfer_failure::malformed:
    return {error_code::upstream_error, {}, "the upstream's reply is not HTTP"};
  case transfer_failure::none:
  case transfer_failure::cut:
    break;
  }
  return {error_code::upstream_error, {}, "the upstream's reply was cut short"};
}

error failure_of(const anuneko_response& r) {
  if (r.status == 401 || r.status == 403)
    return error_code::upstream_auth_failed;
  if (r.status == 429) {
    error result{error_code::rate_limit_exceeded, {}, "the upstream's limit"};
    result.retry_after = r.retry_after;
    return result;
  }
  if (auto e = anuneko::parse_error(r.body); e && anuneko::refuses_account(*e))
    return error_code::upstream_auth_failed;
  error result{error_code::upstream_error, {}, "upstream status " + std::to_string(r.status)};
  result.retry_after = r.retry_after;
  return result;
}

} // namespace nekod
