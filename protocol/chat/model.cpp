#include "protocol/chat/model.hpp"

#include "protocol/text/utf8.hpp"

namespace nekod::chat {

bool is_model_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= longest_model_name && !has_control_characters(name);
}

} // namespace nekod::chat
