#include "protocol/openai/models.hpp"

#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace nekod::openai {
namespace {

bool is_anunekos(const chat::model_info& m) { return m.owner == "anuneko"; }

bool is_whole_number(std::string_view value) {
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether clients can read the upstream's *value* of a member that they rely on.
bool is_good(std::string_view name, std::string_view value) {
  if (name == "created")
    return is_whole_number(value);
  const auto is_text = name == "owned_by" || name == "root";
  return !is_text || (value.starts_with('"') && value.size() > 2);
}

/// Appends the upstream's members, then those of *defaults* that it lacks.
template <class Members>
void append_members(std::string& out, const std::string& object, Members defaults) {
  auto default_of = [&](std::string_view name) {
    return std::find_if(defaults.begin(), defaults.end(),
                        [&](const auto& d) { return d.first == name; });
  };
  std::string others;
  for (json::members m{object}; m.next();) {
    auto known = default_of(m.name());
    if (known == defaults.end())
      others.append(",").append(m.whole());
    else if (is_good(m.name(), m.value()))
      known->second = m.value();
  }
  for (const auto& [name, value] : defaults)
    out.append(",\"").append(name).append("\":").append(value);
  out += others;
}

void append_model(std::string& out, const chat::model_info& m, std::int64_t created) {
  out.append(R"({"id":)").append(json::quote(m.id)).append(R"(,"object":"model")");
  const std::array<std::pair<std::string_view, std::string>, 5> defaults{
      {{"created", std::to_string(created)},
       {"owned_by", json::quote(m.owner)},
       {"permission", "[]"},
       {"root", json::quote(m.id)},
       {"parent", "null"}}};
  append_members(out, m.members ? "{" + *m.members + "}" : "{}", defaults);
  if (is_anunekos(m)) {
    out += R"(,"anuneko_model":)";
    json::append_quoted(out, m.upstream_name);
    out += R"(,"anuneko_model_id":)" + std::to_string(m.upstream_index);
  }
  out += '}';
}

} // namespace

std::string model_json(const chat::model_info& m, std::int64_t created) {
  std::string out;
  append_model(out, m, created);
  return out;
}

std::string model_list_json(const std::vector<chat::model_info>& models, std::int64_t created,
                            const std::vector<std::string>& upstream_names) {
  std::string out = R"({"object":"list","data":[)";
  std::string_view separator;
  for (const auto& m : models) {
    out += separator;
    append_model(out, m, created);
    separator = ",";
  }
  out += ']';
  if (std::none_of(models.begin(), models.end(), is_anunekos))
    return out + '}';
  out += R"(,"anuneko_api_response":{"models":[)";
  separator = {};
  for (const auto& name : upstream_names) {
    out += separator;
    json::append_quoted(out, name);
    separator = ",";
  }
  out += "]}}";
  return out;
}

} // namespace nekod::openai
