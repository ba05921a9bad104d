#include "protocol/openai/chat/merged_member.hpp"

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>

namespace nekod::openai {
namespace {

/// Whether the text of a member inside an object is told whole, if it is told again.
bool is_told_whole(std::string_view name) {
  constexpr std::array<std::string_view, 16> names{
      "id",     "type",  "object", "format", "name",     "role",      "index",    "model",
      "status", "voice", "url",    "title",  "language", "mime_type", "mimeType", "media_type"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.ends_with("_id") ||
         name.find("signature") != name.npos || name.find("Signature") != name.npos;
}

merged_member* find_in(std::vector<merged_member>& all, std::string_view name) {
  const auto i = std::find_if(all.begin(), all.end(), [&](auto& m) { return m.name() == name; });
  return i == all.end() ? nullptr : &*i;
}

} // namespace

merged_member::merged_member(std::string_view name, owner whose)
    : merged_member(name, whose, whose == owner::message && comes_in_pieces(name)) {}

merged_member::merged_member(std::string_view name, owner whose, bool joins_text)
    : name_(name),
      whose_(whose),
      joins_text_(joins_text),
      size_(sizeof(merged_member) + name.size()) {}

void merged_member::take(const json::value& piece) {
  const auto is_told = what_ != form::json || value_ != "null";
  if (is_told && !says_anything(piece))
    return;
  const auto before = value_.size();
  if (piece.IsObject()) {
    take_object(piece);
  } else if (piece.IsString() && joins_text_) {
    take_text(json::text_of(piece));
  } else if (piece.IsArray() && whose_ == owner::message && comes_in_pieces(name_)) {
    take_list(piece);
  } else {
    become(form::json);
    value_ = json::to_text(piece);
  }
  size_ += value_.size();
  size_ -= before;
}

/// Drops a value of another form.
void merged_member::become(form what) {
  if (what_ == what)
    return;
  for (const auto& m : members_)
    size_ -= m.size();
  members_.clear();
  value_.clear();
  what_ = what;
}

void merged_member::take_text(std::string_view piece) {
  become(form::text);
  value_ += piece;
}

void merged_member::take_list(const json::value& list) {
  become(form::list);
  for (const auto& element : list.GetArray()) {
    if (!value_.empty())
      value_ += ',';
    value_ += json::to_text(element);
  }
}

void merged_member::take_object(const json::value& object) {
  become(form::object);
  for (const auto& m : object.GetObject()) {
    if (!is_first(object, m))
      continue;
    auto& to = member(json::text_of(m.name));
    size_ -= to.size();
    to.take(m.value);
    size_ += to.size();
  }
}

/// The member of this object with that name.
merged_member& merged_member::member(std::string_view name) {
  if (auto* known = find_in(members_, name))
    return *known;
  members_.push_back({name, whose_, whose_ == owner::message && !is_told_whole(name)});
  size_ += members_.back().size();
  return members_.back();
}

void merged_member::write(std::string& out) const {
  json::append_quoted(out, name_);
  out += ':';
  write_value(out);
}

void merged_member::write_value(std::string& out) const {
  switch (what_) {
  case form::text:
    json::append_quoted(out, value_);
    break;
  case form::list:
    out.append("[").append(value_).append("]");
    break;
  case form::object:
    out += '{';
    for (const auto& m : members_) {
      if (&m != &members_.front())
        out += ',';
      m.write(out);
    }
    out += '}';
    break;
  case form::json:
    out += value_;
    break;
  }
}

merged_member& member_of(std::vector<merged_member>& all, std::string_view name,
                         merged_member::owner whose) {
  auto* known = find_in(all, name);
  return known ? *known : all.emplace_back(name, whose);
}

} // namespace nekod::openai
