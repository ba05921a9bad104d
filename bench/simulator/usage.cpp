#include "bench/simulator/usage.hpp"

#include <algorithm>
#include <utility>

namespace nekod::sim {

namespace {

constexpr std::size_t max_violations = 100;
constexpr std::size_t max_text = 200;

/// Violations quote a client's input: shortens it, and makes it valid for JSON.
void tame(std::string& text) {
  text.resize(std::min(text.size(), max_text));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
}

} // namespace

std::string_view name_of(violation_kind k) noexcept {
  switch (k) {
  case violation_kind::overlap:
    return "overlap";
  case violation_kind::unknown_chat:
    return "unknown_chat";
  case violation_kind::unchosen:
    return "unchosen";
  case violation_kind::bad_token:
    return "bad_token";
  case violation_kind::bad_request:
    break;
  }
  return "bad_request";
}

void usage::count(api_call c) {
  std::lock_guard lock{mutex_};
  ++counts_.calls[static_cast<std::size_t>(c)];
}

void usage::report(violation v) {
  tame(v.chat_id);
  tame(v.path);
  std::lock_guard lock{mutex_};
  ++counts_.violation_count;
  if (counts_.violations.size() < max_violations)
    counts_.violations.push_back(std::move(v));
}

void usage::reset() {
  std::lock_guard lock{mutex_};
  counts_ = {};
}

usage_counts usage::counts() const {
  std::lock_guard lock{mutex_};
  return counts_;
}

} // namespace nekod::sim
