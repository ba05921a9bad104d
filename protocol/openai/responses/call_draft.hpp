#pragma once

#include "protocol/openai/responses/chunk_content.hpp"
#include "protocol/openai/responses/custom_input.hpp"
#include "protocol/openai/responses/output_item.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"
#include "protocol/text/json_progress.hpp"

#include <string>
#include <string_view>

namespace nekod::openai::responses {

/// A tool call that arrives in pieces: fills in its item. A function that stands for another tool
/// of the client becomes that one.
class call_draft {
public:
  /// Takes the next piece. The id and the name count once; arguments wait for the name.
  /// @param grown The text by which the call's part grows is appended to this, not to the item.
  void take(const call_piece& piece, const tool_bridge& bridge, output_item& item,
            std::string& grown);

  /// The call has ended: appends the rest of its text to *grown*.
  void finish(const output_item& item, std::string& grown);

  /// Whether the call can be announced: it has its id, its name and its one part.
  static bool can_begin(const output_item& item) noexcept {
    return !item.call_id.empty() && !item.parts.empty();
  }

  /// Lets a call without an id or a name begin.
  /// @param id For one without an id.
  void begin_anyhow(std::string id, output_item& item, std::string& grown);

  /// Whether the arguments are a complete object.
  bool complete() const noexcept { return progress_.complete(); }

private:
  void name(std::string_view written, const tool_bridge& bridge, output_item& item,
            std::string& grown);
  void add(std::string_view arguments, const output_item& item, std::string& grown);

  /// Arguments that came before the name.
  std::string early_;
  json::progress progress_;
  custom_input input_;
};

} // namespace nekod::openai::responses
