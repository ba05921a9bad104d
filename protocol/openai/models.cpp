#include "protocol/openai/models.hpp"

#include "protocol/json_strings.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>

namespace nekod::openai {
namespace {

bool is_anunekos(const model_info& m) { return m.owner == "anuneko"; }

void append_model(std::string& out, const model_info& m, std::int64_t created) {
  out += R"({"id":)";
  json::append_quoted(out, m.id);
  out += R"(,"object":"model","created":)" + std::to_string(created);
  out += R"(,"owned_by":)";
  json::append_quoted(out, m.owner);
  out += R"(,"permission":[],"root":)";
  json::append_quoted(out, m.id);
  out += R"(,"parent":null)";
  if (is_anunekos(m)) {
    out += R"(,"anuneko_model":)";
    json::append_quoted(out, m.upstream_name);
    out += R"(,"anuneko_model_id":)" + std::to_string(m.upstream_index);
  }
  out += '}';
}

} // namespace

std::string model_json(const model_info& m, std::int64_t created) {
  std::string out;
  append_model(out, m, created);
  return out;
}

bool is_model_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= longest_model_name && !has_control_characters(name);
}

std::string model_list_json(const std::vector<model_info>& models, std::int64_t created,
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
