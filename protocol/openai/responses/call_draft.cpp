#include "protocol/openai/responses/call_draft.hpp"

#include "protocol/text/json_strings.hpp"

#include <utility>

namespace nekod::openai::responses {
namespace {

using output_kind = output_item::kind;
using part_kind = output_part::kind;

std::string escaped(std::string_view text) {
  std::string out;
  json::append_escaped(out, text);
  return out;
}

} // namespace

void call_draft::take(const call_piece& piece, const tool_bridge& bridge, output_item& item,
                      std::string& grown) {
  if (item.call_id.empty())
    item.call_id = piece.id;
  if (item.parts.empty() && !piece.name.empty())
    name(piece.name, bridge, item, grown);
  if (item.parts.empty())
    early_ += piece.arguments;
  else
    add(piece.arguments, item, grown);
}

void call_draft::name(std::string_view written, const tool_bridge& bridge, output_item& item,
                      std::string& grown) {
  item.name = written;
  if (const auto* tool = bridge.find(decoded(written))) {
    if (tool->what == client_tool::kind::custom)
      item.what = output_kind::custom_tool_call;
    item.name = escaped(tool->name);
    item.name_space = escaped(tool->name_space);
  }
  item.parts.emplace_back().what =
      item.what == output_kind::function_call ? part_kind::arguments : part_kind::input;
  add(std::exchange(early_, {}), item, grown);
}

void call_draft::add(std::string_view arguments, const output_item& item, std::string& grown) {
  if (arguments.empty())
    return;
  const auto text = decoded(arguments);
  progress_.take(text);
  if (item.what == output_kind::function_call)
    grown += arguments;
  else
    input_.take(text, grown);
}

void call_draft::finish(const output_item& item, std::string& grown) {
  if (item.what == output_kind::custom_tool_call)
    input_.finish(grown);
}

void call_draft::begin_anyhow(std::string id, output_item& item, std::string& grown) {
  if (item.call_id.empty())
    item.call_id = std::move(id);
  if (item.parts.empty())
    name({}, tool_bridge{}, item, grown);
}

} // namespace nekod::openai::responses
