#include "protocol/openai/upstream/call_table.hpp"

#include "protocol/text/fnv1a.hpp"
#include "protocol/text/hex.hpp"

#include <charconv>

namespace nekod::openai {
namespace {

/// The description of a call: its member `function` or `custom`.
const json::value* called_in(const json::value& call) {
  const auto* function = json::find(call, "function");
  return function != nullptr ? function : json::find(call, "custom");
}

bool is_object(const json::value* v) { return v != nullptr && v->IsObject(); }

} // namespace

std::string seed_of(const json::value& answer) {
  std::string seed;
  for (const auto* name : {"id", "created"})
    if (const auto* v = json::find(answer, name))
      seed += json::to_text(*v);
  return seed;
}

bool call_table::repair(json::value& delta, json_pool& pool) {
  auto changed = false;
  if (auto* older = json::find(delta, "function_call"); is_object(older))
    changed |= quote_arguments(*older, pool);
  auto* calls = json::find(delta, "tool_calls");
  if (calls == nullptr || calls->IsNull())
    return changed;
  if (calls->IsObject()) { // One call without a list.
    json::value list{rapidjson::kArrayType};
    list.PushBack(*calls, pool);
    *calls = list;
    changed = true;
  }
  if (!calls->IsArray())
    return changed;
  for (auto& v : calls->GetArray())
    if (v.IsObject())
      changed |= repair_piece(v, pool);
  return changed;
}

bool call_table::repair_piece(json::value& v, json_pool& pool) {
  auto changed = false;
  if (auto* function = json::find(v, "function"); is_object(function))
    changed |= quote_arguments(*function, pool);
  const auto known = calls_.size();
  const auto p = piece_of(v);
  open_ = index_of(p);
  auto& at_hand = calls_[open_];
  at_hand.arguments.take(p.arguments);
  if (p.index != static_cast<std::int64_t>(open_)) {
    set_member(v, "index", json::value{static_cast<std::int64_t>(open_)}, pool);
    changed = true;
  }
  const auto begins = calls_.size() > known;
  changed |= begins ? repair_first(v, at_hand, pool) : repair_next(v, at_hand, p);
  at_hand.told_name |= !p.name.empty();
  return changed;
}

/// Removes what a call's first piece has told: clients join what they get in pieces.
bool call_table::repair_next(json::value& v, const call& of, const piece& p) {
  const auto repeats_name = !p.name.empty() && of.told_name;
  const auto repeats_id = !p.id.empty();
  if (repeats_name)
    json::find(v, json::find(v, "function") != nullptr ? "function" : "custom")
        ->RemoveMember("name");
  if (repeats_id)
    v.RemoveMember("id");
  return repeats_name || repeats_id;
}

/// Adds a call's id and type, which clients need in its first piece.
bool call_table::repair_first(json::value& v, call& of, json_pool& pool) {
  auto changed = false;
  if (of.made_id) {
    set_member(v, "id", string_value(of.id, pool), pool);
    changed = true;
  }
  if (json::find_string(v, "type").value_or(std::string_view{}).empty()) {
    const auto* type = json::find(v, "custom") != nullptr ? "custom" : "function";
    set_member(v, "type", string_value(type, pool), pool);
    changed = true;
  }
  return changed;
}

bool call_table::repair_whole(json::value& message, json_pool& pool) {
  auto changed = false;
  if (auto* older = json::find(message, "function_call"); is_object(older))
    changed |= quote_arguments(*older, pool);
  auto* calls = json::find(message, "tool_calls");
  if (calls == nullptr || !calls->IsArray())
    return changed;
  for (auto& v : calls->GetArray()) {
    if (!v.IsObject())
      continue;
    if (auto* function = json::find(v, "function"); is_object(function)) {
      changed |= quote_arguments(*function, pool);
      if (const auto* a = json::find(*function, "arguments"); a == nullptr || a->IsNull()) {
        set_member(*function, "arguments", string_value("{}", pool), pool);
        changed = true;
      }
    }
    auto& known = calls_.emplace_back();
    known.id = piece_of(v).id;
    known.name = piece_of(v).name;
    if (known.id.empty())
      make_id(known, calls_.size() - 1);
    changed |= repair_first(v, known, pool);
  }
  return changed;
}

call_table::piece call_table::piece_of(const json::value& v) {
  piece p;
  p.id = json::find_string(v, "id").value_or(std::string_view{});
  if (const auto* index = json::find(v, "index"))
    p.index = json::integer_of(*index);
  if (const auto* called = called_in(v)) {
    p.name = json::find_string(*called, "name").value_or(std::string_view{});
    const auto* arguments = is_object(json::find(v, "custom")) ? "input" : "arguments";
    p.arguments = json::find_string(*called, arguments).value_or(std::string_view{});
  }
  return p;
}

/// The position of the call that a piece belongs to; adds a new call if the piece begins one.
std::size_t call_table::index_of(const piece& p) {
  if (const auto known = known_index(p)) {
    auto& of = calls_[*known];
    if (of.name.empty())
      of.name = p.name;
    return *known;
  }
  auto& begun = calls_.emplace_back();
  begun.id = p.id;
  begun.index = p.index;
  begun.name = p.name;
  size_ += sizeof(call) + p.id.size() + p.name.size();
  if (begun.id.empty())
    make_id(begun, calls_.size() - 1);
  return calls_.size() - 1;
}

std::optional<std::size_t> call_table::known_index(const piece& p) const {
  if (const auto position = find_by_id(p))
    return position;
  const auto position = find_by_index(p);
  if (!position)
    return std::nullopt;
  const auto& known = calls_[*position];
  // A new id begins a call, unless the current call still has none of its own. Some servers make an
  // id for each piece: without a name, nothing begins within the arguments of the current call.
  const auto goes_on = p.name.empty() && !known.arguments.complete();
  const auto is_new = !p.id.empty() && !known.made_id && !goes_on;
  return is_new || begins_another(p, known) ? std::nullopt : position;
}

std::optional<std::size_t> call_table::find_by_id(const piece& p) const {
  if (p.id.empty())
    return std::nullopt;
  for (auto i = calls_.size(); i-- > 0;) {
    const auto& known = calls_[i];
    if (known.made_id || known.id != p.id)
      continue;
    // If all calls have the same id, index and name distinguish them.
    const auto other_index = p.index && known.index && p.index != known.index;
    const auto other_name = !p.name.empty() && !known.name.empty() && p.name != known.name;
    if (!other_name && (!other_index || p.name.empty()))
      return i;
  }
  return std::nullopt;
}

/// The newest call of that index, since some servers use one index for all calls; or the open call.
std::optional<std::size_t> call_table::find_by_index(const piece& p) const {
  if (calls_.empty())
    return std::nullopt;
  if (!p.index)
    return open_;
  for (auto i = calls_.size(); i-- > 0;)
    if (calls_[i].index == p.index || (!calls_[i].index && i == open_))
      return i;
  return std::nullopt;
}

/// Whether a piece without an id of its own begins a new call nevertheless: it has another name
/// than the current call, or begins new arguments after complete ones.
bool call_table::begins_another(const piece& p, const call& at_hand) {
  if (p.name.empty() || at_hand.name.empty())
    return false;
  const auto begin = p.arguments.find_first_not_of(" \t\r\n");
  const auto begins_arguments = begin != p.arguments.npos && p.arguments[begin] == '{';
  return p.name != at_hand.name || (at_hand.arguments.complete() && begins_arguments);
}

void call_table::make_id(call& of, std::size_t position) const {
  of.made_id = true;
  // An id need not be secret.
  const auto hash = fnv1a{}.add(seed_ + '\n' + std::to_string(position) + '\n' + of.name);
  of.id = "call_";
  append_hex_number(of.id, hash.value());
}

std::string forbidden_call(std::string_view message,
                           const std::set<std::string, std::less<>>& allowed) {
  const auto doc = json::parse(message);
  if (!doc || !doc.root.IsObject())
    return {};
  const auto name_in = [&](const json::value* called) {
    const auto name = called != nullptr ? json::find_string(*called, "name") : std::nullopt;
    return name && !allowed.contains(*name) ? std::string{*name} : std::string{};
  };
  if (auto name = name_in(json::find(doc.root, "function_call")); !name.empty())
    return name;
  const auto* calls = json::find(doc.root, "tool_calls");
  if (calls != nullptr && calls->IsArray())
    for (const auto& call : calls->GetArray())
      if (auto name = name_in(called_in(call)); !name.empty())
        return name;
  return {};
}

} // namespace nekod::openai
