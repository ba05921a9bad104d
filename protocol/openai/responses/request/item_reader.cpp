#include "protocol/openai/responses/request/item_reader.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/content.hpp"
#include "protocol/openai/responses/request/create_values.hpp"
#include "protocol/text/json_strings.hpp"

#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using outcome = std::optional<failure>;

/// Writes the canonical form of an item, member by member.
class canonical_form {
public:
  explicit canonical_form(std::string_view type) { add_string("type", type); }

  void add(std::string_view name, std::string_view json) {
    out_ += out_.empty() ? '{' : ',';
    json::append_quoted(out_, name);
    out_.append(":").append(json);
    written_.insert(name);
  }

  void add_string(std::string_view name, std::string_view text) {
    std::string quoted;
    json::append_quoted(quoted, text);
    add(name, quoted);
  }

  /// Adds the status of *v*, or `completed`.
  void add_status(const json::value& v) {
    add_string("status", json::find_string(v, "status").value_or("completed"));
  }

  /// Adds the members of *v* that have not been added, except its id and nulls.
  std::string with_rest(const json::value& v) {
    written_.insert("id");
    for (const auto& m : v.GetObject()) {
      // Of members with the same name the first counts, as in json::find, even if it is null.
      const auto name = json::text_of(m.name);
      if (m.value.IsNull())
        written_.insert(name);
      else if (!written_.contains(name))
        add(name, json::to_text(m.value));
    }
    return std::move(out_) + "}";
  }

private:
  std::string out_;
  std::set<std::string_view> written_;
};

/// Adds the required string *name* of *v*.
outcome copy_string(const json::value& v, std::string_view name, const std::string& place,
                    canonical_form& to) {
  const auto text = required_string(v, name, place);
  if (!text)
    return text.error();
  to.add_string(name, *text);
  return std::nullopt;
}

outcome read_call_id(const json::value& v, item& i) {
  const auto id = required_string(v, "call_id", i.place);
  if (!id)
    return id.error();
  if (id->empty())
    return failure{failure_code::invalid_value, i.place + ".call_id",
                   "expected at least one character"};
  i.call_id = *id;
  return std::nullopt;
}

outcome read_message_item(const json::value& v, item& i) {
  const auto role = required_string(v, "role", i.place);
  if (!role)
    return role.error();
  const auto speaker = chat::role_named(*role);
  if (!speaker || *speaker == chat::role::tool || *speaker == chat::role::function)
    return failure{failure_code::invalid_value, i.place + ".role",
                   "expected user, assistant, system or developer"};
  i.speaker = *speaker;
  const auto* content = json::find(v, "content");
  const auto silent = content == nullptr || content->IsNull();
  // Answers that only call tools have no content.
  if (silent && i.speaker != chat::role::assistant)
    return failure{failure_code::missing_required_parameter, i.place + ".content"};
  auto parts = silent ? result<std::string, failure>{std::string{"[]"}}
                      : canonical_content(*content, i.speaker, i.place + ".content");
  if (!parts)
    return parts.error();
  canonical_form form{i.type};
  form.add_status(v);
  form.add_string("role", *role);
  form.add("content", *parts);
  i.json = form.with_rest(v);
  return std::nullopt;
}

outcome read_call(const json::value& v, item& i) {
  if (auto e = read_call_id(v, i))
    return e;
  canonical_form form{i.type};
  form.add_status(v);
  form.add_string("call_id", i.call_id);
  if (auto e = copy_string(v, "name", i.place, form))
    return e;
  if (value_of(v, "namespace") != nullptr)
    if (auto e = copy_string(v, "namespace", i.place, form))
      return e;
  if (auto e = copy_string(v, i.type == "function_call" ? "arguments" : "input", i.place, form))
    return e;
  i.json = form.with_rest(v);
  return std::nullopt;
}

/// The output of a tool. Some clients send a bare value instead of a string.
outcome read_output(const json::value& v, item& i) {
  if (auto e = read_call_id(v, i))
    return e;
  canonical_form form{i.type};
  form.add_status(v);
  form.add_string("call_id", i.call_id);
  const auto* output = json::find(v, "output");
  if (output == nullptr || output->IsNull())
    return failure{failure_code::missing_required_parameter, i.place + ".output"};
  if (output->IsArray()) {
    const auto parts = canonical_content(*output, chat::role::tool, i.place + ".output");
    if (!parts)
      return parts.error();
    form.add("output", *parts);
  } else
    form.add_string("output", output->IsString() ? std::string{json::text_of(*output)}
                                                 : json::to_text(*output));
  i.json = form.with_rest(v);
  return std::nullopt;
}

/// Reasoning is accepted in any form: clients leave members out, or send them empty or null.
outcome read_reasoning(const json::value& v, item& i) {
  canonical_form form{i.type};
  const auto* summary = json::find(v, "summary");
  form.add("summary",
           summary != nullptr && summary->IsArray() ? json::to_text(*summary) : std::string{"[]"});
  i.json = form.with_rest(v);
  return std::nullopt;
}

/// The id that ties a hosted tool's call to its output; empty for none.
std::string_view hosted_call_id(const json::value& v, item_kind kind) {
  if (const auto id = json::find_string(v, "call_id"))
    return *id;
  // `local_shell_call_output` has the call's id as its own.
  if (kind == item_kind::hosted_output)
    return json::find_string(v, "id").value_or(std::string_view{});
  return {};
}

outcome read_other(const json::value& v, item& i) {
  canonical_form form{i.type};
  if (i.kind == item_kind::hosted_call || i.kind == item_kind::hosted_output) {
    i.call_id = hosted_call_id(v, i.kind);
    if (!i.call_id.empty())
      form.add_string("call_id", i.call_id);
  }
  i.json = form.with_rest(v);
  return std::nullopt;
}

outcome read_by_kind(const json::value& v, item& i) {
  switch (i.kind) {
  case item_kind::message:
    return read_message_item(v, i);
  case item_kind::call:
    return read_call(v, i);
  case item_kind::output:
    return read_output(v, i);
  case item_kind::reasoning:
    return read_reasoning(v, i);
  case item_kind::reference:
    if (i.id.empty())
      return failure{failure_code::missing_required_parameter, i.place + ".id"};
    return std::nullopt;
  default:
    return read_other(v, i);
  }
}

/// The type of an item; without one, a role makes a message, and an id alone a reference.
result<std::string_view, failure> type_of(const json::value& v, const std::string& place) {
  if (value_of(v, "type") == nullptr) {
    if (value_of(v, "role") != nullptr)
      return std::string_view{"message"};
    if (value_of(v, "id") != nullptr)
      return std::string_view{"item_reference"};
  }
  return required_string(v, "type", place);
}

/// The most parts per item on average: a request with more is not a conversation.
constexpr std::size_t parts_an_item = 4;

std::size_t parts_in(const json::value& items) {
  std::size_t result = 0;
  for (const auto& v : items.GetArray())
    for (const auto* name : {"content", "output"})
      if (const auto* parts = json::find(v, name); parts != nullptr && parts->IsArray())
        result += parts->Size();
  return result;
}

item user_message(const json::value& text, const std::string& place) {
  item i;
  i.type = "message";
  i.kind = item_kind::message;
  i.place = place;
  canonical_form form{i.type};
  form.add_string("status", "completed");
  form.add_string("role", "user");
  form.add("content", *canonical_content(text, chat::role::user, place));
  i.json = form.with_rest(json::value{rapidjson::kObjectType});
  return i;
}

} // namespace

result<item, failure> read_item(const json::value& v, const std::string& place) {
  if (!v.IsObject())
    return wrong_type(place, "an object");
  const auto type = type_of(v, place);
  if (!type)
    return type.error();
  item i;
  i.type = *type;
  i.kind = kind_of(*type);
  i.place = place;
  if (const auto* id = json::find(v, "id"); id != nullptr && !id->IsNull()) {
    if (!id->IsString())
      return wrong_type(place + ".id", "a string");
    // An id that cannot be kept is as good as none, except where it is all there is.
    if (can_keep_id(json::text_of(*id)) || i.kind == item_kind::reference)
      i.id = json::text_of(*id);
  }
  i.incomplete = json::find_string(v, "status") == "incomplete";
  if (auto e = read_by_kind(v, i))
    return *std::move(e);
  return i;
}

result<std::vector<item>, failure> read_items(const json::value& items, const std::string& place,
                                              std::size_t most) {
  std::vector<item> result;
  if (items.IsString()) {
    result.push_back(user_message(items, place));
    return result;
  }
  if (!items.IsArray())
    return wrong_type(place, "a string or an array of items");
  if (items.Size() > most || parts_in(items) > parts_an_item * most)
    return failure{failure_code::conversation_too_large, place,
                   "at most " + std::to_string(most) + " items, of " +
                       std::to_string(parts_an_item) + " parts each on average"};
  result.reserve(items.Size());
  for (rapidjson::SizeType i = 0; i < items.Size(); ++i) {
    auto read = read_item(items[i], element(place, i));
    if (!read)
      return read.error();
    result.push_back(*std::move(read));
  }
  return result;
}

} // namespace nekod::openai::responses
