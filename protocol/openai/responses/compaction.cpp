#include "protocol/openai/responses/compaction.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <utility>

namespace nekod::openai::responses {
namespace {

constexpr const char* content_member = "encrypted_content";

void append_expanded(std::vector<item>& out, std::span<const item> items,
                     const compacted_items& compacted, const std::string* place) {
  for (const auto& i : items) {
    const auto found =
        i.kind == item_kind::compaction ? compacted.find(compacted_content(i)) : compacted.end();
    const auto& own_place = place == nullptr ? i.place : *place;
    if (found != compacted.end() && found->second) {
      append_expanded(out, *found->second, compacted, &own_place);
    } else {
      out.push_back(i);
      out.back().place = own_place;
    }
  }
}

} // namespace

item compaction_of(std::string id, std::string_view content) {
  std::string json = R"({"type":"compaction",")";
  json.append(content_member).append("\":");
  json::append_quoted(json, content);
  return item_of(std::move(id), json + "}");
}

std::string compacted_content(const item& compaction) {
  const auto doc = json::parse(compaction.json);
  if (!doc || !doc.root.IsObject())
    return {};
  return std::string{json::find_string(doc.root, content_member).value_or(std::string_view{})};
}

std::vector<item> expanded(std::span<const item> items, const compacted_items& compacted) {
  std::vector<item> result;
  result.reserve(items.size());
  append_expanded(result, items, compacted, nullptr);
  return result;
}

} // namespace nekod::openai::responses
