#include "protocol/openai/model_finder.hpp"

#include "protocol/text/json_strings.hpp"

namespace nekod::openai {

namespace {

/// The most bytes of a name as written, escapes included.
constexpr std::size_t longest_name = 4u << 10;

constexpr const char* member = "model";

} // namespace

model_finder::model_finder(std::string_view content_type, std::string_view content_coding) {
  if (!content_coding.empty() && content_coding != "identity")
    return;
  if (auto boundary = multipart::boundary_of(content_type))
    form_.emplace<multipart::field_finder>(*boundary, member, longest_name);
  else
    form_.emplace<json::member_finder>(member, longest_name);
}

model_search model_finder::look(std::string_view so_far) {
  if (auto* json = std::get_if<json::member_finder>(&form_))
    return json->look(so_far);
  if (auto* form = std::get_if<multipart::field_finder>(&form_))
    return form->look(so_far);
  return model_search::absent;
}

const model_position& model_finder::position() const {
  if (const auto* form = std::get_if<multipart::field_finder>(&form_))
    return form->position();
  return std::get<json::member_finder>(form_).position();
}

std::string model_finder::written(std::string_view name) const {
  if (std::holds_alternative<multipart::field_finder>(form_))
    return std::string{name};
  std::string result;
  json::append_quoted(result, name);
  return result;
}

} // namespace nekod::openai
