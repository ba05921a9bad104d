#pragma once

#include "protocol/chat/message.hpp"
#include "protocol/openai/responses/item.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nekod::openai::conversations {

/// Makes items of messages that came through another API than that of items. The same messages of
/// the same conversation make the same ids, as long as they are kept.
class chat_items {
public:
  /// @param conversation The conversation's id. Must outlive this.
  explicit chat_items(std::string_view conversation) : conversation_(conversation) {}

  /// The items of the next message; none of a prompt.
  std::vector<responses::item> of(const chat::message& m);

private:
  void add(std::vector<responses::item>& to, std::string_view type, const std::string& json);
  std::string id_of(std::string_view type, std::string_view json);

  std::string_view conversation_;
  /// How often each item came so far, by what its id is made of.
  std::unordered_map<std::string, std::size_t> seen_;
};

} // namespace nekod::openai::conversations
