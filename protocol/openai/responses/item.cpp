#include "protocol/openai/responses/item.hpp"

#include "protocol/chat/request.hpp"
#include "protocol/openai/call_arguments.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace nekod::openai::responses {
namespace {

struct type_row {
  std::string_view type;
  std::string_view prefix;
  /// Nothing if the kind follows from the type's ending.
  std::optional<item_kind> kind = std::nullopt;
};

constexpr auto types = std::to_array<type_row>({
    {"apply_patch_call", "apc_"},
    {"apply_patch_call_output", "apco_"},
    {"code_interpreter_call", "ci_"},
    {"compaction", "cmp_", item_kind::compaction},
    {"computer_call", "cu_"},
    {"computer_call_output", "cuo_"},
    {"custom_tool_call", "ctc_", item_kind::call},
    {"custom_tool_call_output", "ctco_", item_kind::output},
    {"file_search_call", "fs_"},
    {"function_call", "fc_", item_kind::call},
    {"function_call_output", "fco_", item_kind::output},
    {"image_generation_call", "ig_"},
    {"item_reference", "", item_kind::reference},
    {"local_shell_call", "lsh_"},
    {"local_shell_call_output", "lsho_"},
    {"mcp_approval_request", "mcpr_"},
    {"mcp_approval_response", "mcpa_"},
    {"mcp_call", "mcp_"},
    {"mcp_list_tools", "mcpl_"},
    {"message", "msg_", item_kind::message},
    {"reasoning", "rs_", item_kind::reasoning},
    {"shell_call", "sh_"},
    {"shell_call_output", "sho_"},
    {"tool_search_call", "tsc_"},
    {"tool_search_output", "tso_"},
    {"web_search_call", "ws_"},
});

static_assert(std::ranges::is_sorted(types, {}, &type_row::type), "looked up by bisection");

const type_row* row_for(std::string_view type) noexcept {
  const auto* found = std::ranges::lower_bound(types, type, {}, &type_row::type);
  return found != types.end() && found->type == type ? found : nullptr;
}

std::string string_in(const json::value& object, std::string_view name) {
  return std::string{json::find_string(object, name).value_or(std::string_view{})};
}

bool belongs_to_call(item_kind kind) {
  return kind == item_kind::call || kind == item_kind::output || kind == item_kind::hosted_call ||
         kind == item_kind::hosted_output;
}

void add(std::string& out, const json::value* v) {
  if (v != nullptr && !v->IsNull())
    out += json::to_text(*v);
  out += '\n';
}

void add_arguments(std::string& out, const json::value* v) {
  if (const auto text = comparable_arguments(v))
    out.append(*text).append("\n");
  else
    add(out, v);
}

/// The parts of a content; of a text only what it says.
void add_content(std::string& out, const json::value* content) {
  if (content == nullptr || !content->IsArray())
    return add(out, content);
  for (const auto& part : content->GetArray()) {
    const auto* text = json::find(part, "text");
    add(out, text != nullptr ? text : &part);
  }
}

/// The content of an item, in a form that can be compared.
std::string meaning(const item& i) {
  if (i.kind == item_kind::other || i.kind == item_kind::hosted_call ||
      i.kind == item_kind::hosted_output)
    return i.json;
  const auto doc = json::parse(i.json);
  if (!doc)
    return i.json;
  std::string out;
  for (const auto* name : {"role", "call_id", "name", "namespace", "input", "encrypted_content"})
    add(out, json::find(doc.root, name));
  add_arguments(out, json::find(doc.root, "arguments"));
  for (const auto* name : {"content", "summary", "output"})
    add_content(out, json::find(doc.root, name));
  return out;
}

/// Removes the `id` that `to_json` puts before the other members.
void drop_id(item& i) {
  std::string with_id = R"({"id":)";
  json::append_quoted(with_id, i.id);
  with_id += ',';
  if (i.json.starts_with(with_id))
    i.json.replace(0, with_id.size(), "{");
}

} // namespace

item_kind kind_of(std::string_view type) noexcept {
  if (const auto* row = row_for(type); row != nullptr && row->kind)
    return *row->kind;
  if (type.ends_with("_output"))
    return item_kind::hosted_output;
  return type.ends_with("_call") ? item_kind::hosted_call : item_kind::other;
}

std::string_view id_prefix(std::string_view type) noexcept {
  const auto* row = row_for(type);
  return row != nullptr && !row->prefix.empty() ? row->prefix : "item_";
}

bool can_keep_id(std::string_view id) noexcept { return chat::valid_session_id(id); }

std::string to_json(const item& i) {
  std::string out = R"({"id":)";
  json::append_quoted(out, i.id);
  if (i.json.size() > 2)
    out.append(",").append(i.json, 1);
  else
    out += '}';
  return out;
}

item item_of(std::string id, std::string json) {
  item result;
  result.id = std::move(id);
  result.json = std::move(json);
  drop_id(result);
  const auto doc = json::parse(result.json);
  result.type = string_in(doc.root, "type");
  result.kind = kind_of(result.type);
  if (result.kind == item_kind::message)
    result.speaker = chat::role_named(string_in(doc.root, "role")).value_or(chat::role::user);
  if (belongs_to_call(result.kind))
    result.call_id = string_in(doc.root, "call_id");
  result.incomplete = json::find_string(doc.root, "status") == "incomplete";
  return result;
}

bool say_the_same(const item& a, const item& b) {
  return a.type == b.type && meaning(a) == meaning(b);
}

} // namespace nekod::openai::responses
