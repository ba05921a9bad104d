#include "protocol/openai/conversations/conversation_request.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/create_values.hpp"
#include "protocol/openai/responses/request/item_reader.hpp"
#include "protocol/text/json.hpp"

#include <utility>

namespace nekod::openai::conversations {
namespace {

using chat::failure;
using chat::failure_code;
using outcome = std::optional<failure>;

outcome take_metadata(const json::value& body, conversation_request& r) {
  const auto* metadata = responses::value_of(body, "metadata");
  if (metadata == nullptr)
    return std::nullopt;
  if (auto e = check("metadata", *metadata, shapes::object))
    return e;
  if (auto e = responses::check_metadata(*metadata, "metadata"))
    return e;
  r.metadata = json::to_text(*metadata);
  const auto parent = json::find_string(*metadata, "parent");
  const auto item = json::find_string(*metadata, "from_item");
  if (parent && item)
    r.branch = branch_point{std::string{*parent}, std::string{*item}};
  return std::nullopt;
}

outcome take_items(const json::value& body, conversation_request& r) {
  const auto* items = responses::value_of(body, "items");
  if (items == nullptr)
    return std::nullopt;
  if (auto e = check("items", *items, shapes::array))
    return e;
  if (items->Size() > most_items)
    return failure{failure_code::invalid_value, "items",
                   "at most " + std::to_string(most_items) + " items"};
  auto read = responses::read_items(*items, "items", most_items);
  if (!read)
    return read.error();
  for (const auto& i : *read)
    if (i.kind == responses::item_kind::reference || i.kind == responses::item_kind::compaction)
      return failure{failure_code::invalid_value, i.place, "cannot be kept in a conversation"};
  r.items = *std::move(read);
  return std::nullopt;
}

result<conversation_request, failure> parse(std::string_view body, bool with_items) {
  const auto doc = json::parse(body);
  if (!doc)
    return body_error(doc);
  if (!doc.root.IsObject())
    return wrong_type({}, "an object");
  conversation_request r;
  if (auto e = take_metadata(doc.root, r))
    return *std::move(e);
  if (with_items)
    if (auto e = take_items(doc.root, r))
      return *std::move(e);
  return r;
}

} // namespace

result<conversation_request, failure> parse_creation(std::string_view body) {
  const auto is_empty = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  return parse(is_empty ? "{}" : body, true);
}

result<conversation_request, failure> parse_update(std::string_view body) {
  auto r = parse(body, false);
  if (r && !r->metadata)
    return failure{failure_code::missing_required_parameter, "metadata"};
  return r;
}

result<conversation_request, failure> parse_addition(std::string_view body) {
  auto r = parse(body, true);
  if (r && r->items.empty())
    return failure{failure_code::missing_required_parameter, "items"};
  return r;
}

} // namespace nekod::openai::conversations
