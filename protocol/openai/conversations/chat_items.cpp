#include "protocol/openai/conversations/chat_items.hpp"

#include "protocol/chat/message_layout.hpp"
#include "protocol/openai/responses/request/item_reader.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/fnv1a.hpp"
#include "protocol/text/hex.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <cstdint>
#include <utility>

namespace nekod::openai::conversations {
namespace {

using responses::item;

/// A part of a user's content as a part of an item; empty for one that no item can have.
std::string part_of(const json::value& part) {
  const auto type = json::find_string(part, "type").value_or(std::string_view{});
  if (type == "text")
    return R"({"type":"input_text","text":)" +
           json::quote(json::find_string(part, "text").value_or(std::string_view{})) + "}";
  const auto* image = type == "image_url" ? json::find(part, "image_url") : nullptr;
  if (image != nullptr) {
    const auto url =
        image->IsString() ? json::text_of(*image) : json::find_string(*image, "url").value_or("");
    return R"({"type":"input_image","image_url":)" + json::quote(url) + R"(,"detail":"auto"})";
  }
  const auto* file = type == "file" ? json::find(part, "file") : nullptr;
  const auto data = file == nullptr ? std::nullopt : json::find_string(*file, "file_data");
  if (data)
    return R"({"type":"input_file","filename":)" +
           json::quote(json::find_string(*file, "filename").value_or("file")) + R"(,"file_data":)" +
           json::quote(*data) + "}";
  return {};
}

std::string user_item(const chat::message& m, const json::value& written) {
  std::string parts;
  const auto* content = json::find(written, "content");
  if (content != nullptr && content->IsArray())
    for (const auto& p : content->GetArray())
      if (auto part = part_of(p); !part.empty())
        parts.append(parts.empty() ? "" : ",").append(part);
  if (parts.empty())
    parts = R"({"type":"input_text","text":)" + json::quote(m.text) + "}";
  return R"({"type":"message","role":"user","content":[)" + parts + "]}";
}

std::string reasoning_in(const json::value& written) {
  for (const auto* name : {"reasoning_content", "reasoning"})
    if (const auto text = json::find_string(written, name); text && !text->empty())
      return std::string{*text};
  return {};
}

std::string call_item(const json::value& call) {
  const auto* function = json::find(call, "function");
  if (function == nullptr)
    return {};
  return R"({"type":"function_call","call_id":)" +
         json::quote(json::find_string(call, "id").value_or("")) + R"(,"name":)" +
         json::quote(json::find_string(*function, "name").value_or("")) + R"(,"arguments":)" +
         json::quote(json::find_string(*function, "arguments").value_or("")) + "}";
}

/// A hash of parts, each with its length, from *basis*.
std::uint64_t hash_of(std::uint64_t basis, std::initializer_list<std::string_view> parts) {
  fnv1a hash{basis};
  for (const auto part : parts) {
    for (auto size = part.size(); size > 0; size >>= 8)
      hash.add(static_cast<std::uint8_t>(size));
    hash.add(part);
  }
  return hash.value() ^ hash.value() >> 29;
}

} // namespace

std::string chat_items::id_of(std::string_view type, std::string_view json) {
  const auto nth = std::to_string(seen_[std::string{json}]++);
  std::string id{responses::id_prefix(type)};
  for (const auto basis : {0xcbf29ce484222325U, 0x9e3779b97f4a7c15U, 0xd6e8feb86659fd93U})
    append_hex_number(id, hash_of(basis, {conversation_, json, nth}));
  return id;
}

void chat_items::add(std::vector<item>& to, std::string_view type, const std::string& json) {
  const auto doc = json::parse(json);
  auto made = responses::read_item(doc.root, "item");
  if (!made)
    return;
  made->place.clear();
  made->id = id_of(type, made->json);
  to.push_back(*std::move(made));
}

std::vector<item> chat_items::of(const chat::message& m) {
  std::vector<item> items;
  if (chat::instructs(m))
    return items;
  std::string written;
  append_message(written, m);
  const auto doc = json::parse(written);
  if (m.speaker == chat::role::user) {
    add(items, "message", user_item(m, doc.root));
    return items;
  }
  if (m.speaker == chat::role::tool) {
    add(items, "function_call_output",
        R"({"type":"function_call_output","call_id":)" +
            json::quote(json::find_string(doc.root, "tool_call_id").value_or("")) +
            R"(,"output":)" + json::quote(m.text) + "}");
    return items;
  }
  if (const auto text = reasoning_in(doc.root); !text.empty())
    add(items, "reasoning",
        R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":)" +
            json::quote(text) + "}]}");
  if (!m.text.empty())
    add(items, "message",
        R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":)" +
            json::quote(m.text) + "}]}");
  const auto* calls = json::find(doc.root, "tool_calls");
  if (calls != nullptr && calls->IsArray())
    for (const auto& call : calls->GetArray())
      add(items, "function_call", call_item(call));
  return items;
}

} // namespace nekod::openai::conversations
