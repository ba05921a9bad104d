#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <array>

namespace nekod::fuzz {
namespace {

constexpr std::array<target, 18> targets{{
    {"addresses", addresses},
    {"anuneko_calls", anuneko_calls},
    {"anuneko_reply", anuneko_reply},
    {"chat_request", chat_request},
    {"coded_body", coded_body},
    {"event_stream", event_stream},
    {"http_request", http_request},
    {"http_response", http_response},
    {"json_text", json_text},
    {"key_file", key_file},
    {"openai_answer", openai_answer},
    {"openai_stream", openai_stream},
    {"passed_body", passed_body},
    {"rate_limit", rate_limit},
    {"record_line", record_line},
    {"responses_request", responses_request},
    {"settings_file", settings_file},
    {"transcript", transcript},
}};

} // namespace

std::span<const target> all_targets() noexcept { return targets; }

const target* target_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(targets, name, &target::name);
  return found == targets.end() ? nullptr : &*found;
}

} // namespace nekod::fuzz
