#include "http/server/api/sessions/session_query.hpp"

#include "http/server/message/path.hpp"
#include "protocol/sessions/conversation_search.hpp"
#include "protocol/text/utf8.hpp"
#include "protocol/text/words.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// A century.
constexpr std::int64_t longest_idle = 3'155'760'000;

/// Bytes of the words that are searched for.
constexpr std::size_t longest_search = 256;

chat::failure invalid(const std::string& name, const std::string& detail) {
  return {failure_code::invalid_value, name, detail};
}

std::optional<std::int64_t> number_in(const std::string& text, std::int64_t least,
                                      std::int64_t most) {
  std::int64_t number = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto good = fault == std::errc{} && end == text.data() + text.size();
  return good && number >= least && number <= most ? std::optional{number} : std::nullopt;
}

std::optional<chat::failure> take_words(std::optional<std::string>& result, const std::string& name,
                                        const std::string& value) {
  const auto words = trim(value);
  if (words.empty() || words.size() > longest_search || !is_utf8(words))
    return invalid(name, "must be text of 1 to " + std::to_string(longest_search) + " bytes");
  if (result)
    return invalid(name, "is given twice");
  result = folded(words);
  return std::nullopt;
}

/// Reads one field into *result*; returns its fault, if any.
std::optional<chat::failure> take(session_list_request& result, const std::string& name,
                                  const std::string& value) {
  if (name == "limit") {
    auto number = number_in(value, 1, static_cast<std::int64_t>(largest_page));
    if (!number)
      return invalid(name, "must be a number from 1 to " + std::to_string(largest_page));
    result.page.limit = static_cast<std::size_t>(*number);
  } else if (name == "after") {
    result.page.after = parse_place(value);
    if (!result.page.after)
      return invalid(name, "must be the `next` of another page");
  } else if (name == "search") {
    return take_words(result.words, name, value);
  }
  return std::nullopt;
}

std::optional<chat::failure> take(session_filter& result, const std::string& name,
                                  const std::string& value) {
  if (name == "idle_for") {
    auto number = number_in(value, 0, longest_idle);
    if (!number)
      return invalid(name, "must be a number of seconds");
    result.used_before = result.created_until - std::chrono::seconds{*number};
  } else if (name == "model") {
    if (value.empty())
      return invalid(name, "must be the name of a model");
    result.model = value;
  } else if (name == "all") {
    if (value != "true" && value != "1")
      return invalid(name, "must be true");
  } else {
    return invalid(name, "is not known here");
  }
  return std::nullopt;
}

} // namespace

result<session_list_request, chat::failure> parse_session_list(std::string_view query) {
  session_list_request result;
  auto fields = query_fields(query);
  if (!fields)
    return invalid("query", "has an invalid percent-encoding");
  for (const auto& [name, value] : *fields)
    if (auto fault = take(result, name, value))
      return std::move(*fault);
  return result;
}

result<session_filter, chat::failure>
parse_session_filter(std::string_view query, std::chrono::system_clock::time_point now) {
  session_filter result;
  result.created_until = now;
  auto fields = query_fields(query);
  if (!fields)
    return invalid("query", "has an invalid percent-encoding");
  std::set<std::string> seen;
  for (const auto& [name, value] : *fields) {
    if (auto fault = take(result, name, value))
      return std::move(*fault);
    if (!seen.insert(name).second)
      return invalid(name, "is given twice");
  }
  if (seen.empty())
    return chat::failure{failure_code::missing_required_parameter, "all",
                         "name the sessions: idle_for, model, or all=true"};
  return result;
}

} // namespace nekod::http
