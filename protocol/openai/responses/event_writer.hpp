#pragma once

#include "protocol/openai/responses/output_items.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::openai::responses {

/// Writes the events of one stream, numbered from 0. What is sent for each piece of text is made
/// ready as its part begins, so that a piece costs about as much as a chunk of chat completions.
class event_writer final : public item_listener {
public:
  /// @param after The client has the events up to this number: they are counted and not written. -1
  /// for none.
  explicit event_writer(std::int64_t after = -1) : after_(after) {}

  /// Events are appended to *out* from now on.
  void write_to(std::string& out) noexcept { out_ = &out; }

  /// Begins an event of this type.
  /// @returns whether it is to be written: its further members, each with a leading comma, and then
  /// `end_event`. If not, nothing was begun.
  bool begin_event(std::string_view type);
  void end_event() { *out_ += "}\n\n"; }

  /// Ends the stream.
  void done();

  /// The bytes that an event of the open text has in addition to its piece; 0 if none is open.
  std::size_t frame() const noexcept;

  void item_begins(const output_item& item) override;
  void part_begins(const output_item& item, std::size_t part) override;
  void part_grows(std::string_view text, std::string_view logprobs) override;
  void part_annotated(const output_item& item, std::size_t part, std::size_t index) override;
  void part_ends(const output_item& item, std::size_t part) override;
  void item_ends(const output_item& item, std::string_view json) override;

  /// An item that has no parts with events of their own.
  void item_event(std::string_view type, std::size_t index, std::string_view json);

private:
  void part_event(std::string_view type, const output_item& item, std::size_t part,
                  const output_part& told);

  void number_delta(std::int64_t number);

  std::int64_t after_;
  std::int64_t next_ = 0;
  std::string* out_ = nullptr;
  /// An event of the open part's text, up to the text; and what follows that.
  std::string delta_;
  std::string_view delta_end_;
  /// The number in it, and where that stands.
  std::int64_t delta_number_ = 0;
  std::size_t number_begin_ = 0;
  std::size_t number_end_ = 0;
};

} // namespace nekod::openai::responses
