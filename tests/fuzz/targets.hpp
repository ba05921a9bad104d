#pragma once

#include <span>
#include <string_view>

/// The fuzz targets: a function for each kind of input from outside. Each accepts any bytes, and
/// throws `broken_promise` if our code breaks a promise.
namespace nekod::fuzz {

void addresses(std::string_view input);
void anuneko_calls(std::string_view input);
void anuneko_reply(std::string_view input);
void chat_request(std::string_view input);
void coded_body(std::string_view input);
void event_stream(std::string_view input);
void http_request(std::string_view input);
void http_response(std::string_view input);
void json_text(std::string_view input);
void key_file(std::string_view input);
void openai_answer(std::string_view input);
void openai_stream(std::string_view input);
void passed_body(std::string_view input);
void rate_limit(std::string_view input);
void record_line(std::string_view input);
void responses_request(std::string_view input);
void settings_file(std::string_view input);
void transcript(std::string_view input);

/// A target with its name, which is also the name of its folder of kept inputs.
struct target {
  std::string_view name;
  void (*run)(std::string_view input);
};

std::span<const target> all_targets() noexcept;

/// The target of that name; null if there is none.
const target* target_named(std::string_view name) noexcept;

} // namespace nekod::fuzz
