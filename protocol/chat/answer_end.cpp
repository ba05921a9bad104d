#include "protocol/chat/answer_end.hpp"

namespace nekod::chat {

std::string_view name_of(finish_reason r) noexcept {
  switch (r) {
  case finish_reason::stop:
    return "stop";
  case finish_reason::length:
    return "length";
  case finish_reason::content_filter:
    return "content_filter";
  }
  return "stop";
}

} // namespace nekod::chat
