#include "http/server/api/responses/item_page.hpp"

#include "http/server/message/path.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <vector>

namespace nekod::http {

namespace {

using chat::failure;
using chat::failure_code;

constexpr std::size_t longest_page = 100;

/// Bytes of a client's word in an error.
constexpr std::size_t longest_after = 128;

bool read_limit(const std::string& text, std::size_t& limit) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), limit);
  return fault == std::errc{} && end == text.data() + text.size() && limit >= 1 &&
         limit <= longest_page;
}

} // namespace

result<item_page_query, failure> parse_item_page_query(std::string_view query) {
  item_page_query result;
  const auto fields = query_fields(query);
  if (!fields)
    return failure{failure_code::invalid_value, "query", "has an invalid percent-encoding"};
  for (const auto& [name, value] : *fields) {
    if (name == "limit" && !read_limit(value, result.limit))
      return failure{failure_code::invalid_value, name, "must be a number from 1 to 100"};
    if (name == "order" && value != "asc" && value != "desc")
      return failure{failure_code::invalid_value, name, "must be asc or desc"};
    if (name == "order")
      result.newest_first = value == "desc";
    if (name == "after")
      result.after = value;
  }
  return result;
}

result<std::string, failure> item_page(std::span<const stored_item> items,
                                       const item_page_query& query) {
  std::vector<const stored_item*> all;
  for (const auto& i : items)
    all.push_back(&i);
  if (query.newest_first)
    std::ranges::reverse(all);
  auto begin = all.begin();
  if (!query.after.empty()) {
    begin = std::ranges::find(all, query.after, &stored_item::id);
    if (begin == all.end())
      return failure{failure_code::item_not_found, "after",
                     in_backquotes(query.after, longest_after)};
    ++begin;
  }
  const auto left = static_cast<std::size_t>(all.end() - begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(left, query.limit));
  std::string out = R"({"object":"list","data":[)";
  for (auto i = begin; i != end; ++i)
    out.append(i == begin ? "" : ",").append((*i)->json);
  out += R"(],"first_id":)";
  json::append_quoted(out, begin == end ? std::string_view{} : (*begin)->id);
  out += R"(,"last_id":)";
  json::append_quoted(out, begin == end ? std::string_view{} : (*(end - 1))->id);
  out.append(R"(,"has_more":)").append(end == all.end() ? "false" : "true");
  return out + "}";
}

} // namespace nekod::http
