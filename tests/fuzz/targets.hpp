#pragma once

#include <span>
#include <string_view>

/// What is fuzzed: a function for each kind of bytes that come from outside. Each takes any bytes,
/// and throws `broken_promise` where our code does with them what it says it never does.
namespace nekod::fuzz {

void addresses(std::string_view input);
void anuneko_calls(std::string_view input);
void anuneko_reply(std::string_view input);
void chat_request(std::string_view input);
void event_stream(std::string_view input);
void http_request(std::string_view input);
void json_text(std::string_view input);
void key_file(std::string_view input);
void openai_answer(std::string_view input);
void openai_stream(std::string_view input);
void passed_body(std::string_view input);
void rate_limit(std::string_view input);
void settings_file(std::string_view input);
void transcript(std::string_view input);

/// One of them by its name, which its folder of kept inputs has too.
struct target {
  std::string_view name;
  void (*run)(std::string_view input);
};

std::span<const target> all_targets() noexcept;

/// The one of that name; null where there is none.
const target* target_named(std::string_view name) noexcept;

} // namespace nekod::fuzz
