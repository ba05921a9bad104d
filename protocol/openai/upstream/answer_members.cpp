#include "protocol/openai/upstream/answer_members.hpp"

#include "protocol/text/json_spans.hpp"

namespace nekod::openai {

bool is_our_member(std::string_view name) noexcept {
  return name == "id" || name == "object" || name == "created" || name == "model" ||
         name == "session_id" || name == "error";
}

void append_members(std::string& out, std::string_view object, bool usage,
                    std::string_view choices) {
  auto has_choices = false;
  for (json::members m{object}; m.next();) {
    const auto is_choices = m.name() == "choices";
    // If `choices` is repeated, the first one is used: it is the one that has been examined.
    const auto left_out = (m.name() == "usage" && !usage) ||
                          (is_choices && (has_choices || m.value() == "null")) ||
                          is_our_member(m.name());
    if (left_out)
      continue;
    has_choices |= is_choices;
    if (!out.empty())
      out += ',';
    if (is_choices && !choices.empty())
      out.append(R"("choices":)").append(choices);
    else
      out += m.whole();
  }
  if (!has_choices)
    out += out.empty() ? R"("choices":[])" : R"(,"choices":[])";
}

} // namespace nekod::openai
