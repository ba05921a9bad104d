#pragma once

#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/responses/request/item_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests of the Responses API, as tests write them.
namespace nekod::test {

inline constexpr std::size_t most_items = 1000;

/// A failure in one line: `code param: detail`.
inline std::string in_words(const chat::failure& e) {
  return std::string{chat::name_of(e.code)} + " " + e.param + ": " + e.detail;
}

/// The items of the JSON array or string *text*, which must be valid.
inline std::vector<openai::responses::item> items_of(std::string_view text) {
  CAPTURE(text);
  const auto doc = json::parse(text);
  REQUIRE(doc);
  auto r = openai::responses::read_items(doc.root, "input", most_items);
  REQUIRE_MESSAGE(r, in_words(r.error()));
  return *std::move(r);
}

/// Why the items *text* are refused; empty if they are not.
inline std::string refusal_of_items(std::string_view text) {
  const auto doc = json::parse(text);
  REQUIRE(doc);
  const auto r = openai::responses::read_items(doc.root, "input", most_items);
  return r ? std::string{} : in_words(r.error());
}

/// A valid request with these *members*, and an input unless they have one.
inline std::string request_body(std::string_view members) {
  std::string out = "{" + std::string{members};
  if (members.find("\"input\"") == members.npos)
    out += std::string{members.empty() ? "" : ","} + R"("input":"hi")";
  return out + "}";
}

inline openai::responses::create_request request_with(std::string_view members) {
  CAPTURE(members);
  auto r = openai::responses::parse_create_request(request_body(members), most_items);
  REQUIRE_MESSAGE(r, in_words(r.error()));
  return *std::move(r);
}

/// Why a request with these members is refused; empty if it is not.
inline std::string refusal_of(std::string_view members) {
  const auto r = openai::responses::parse_create_request(request_body(members), most_items);
  return r ? std::string{} : in_words(r.error());
}

} // namespace nekod::test
