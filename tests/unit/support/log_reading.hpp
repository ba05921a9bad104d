#pragma once

#include "actors/session/answer_log.hpp"

#include <string_view>

namespace nekod::test {

/// The pieces that the reader has read have left, and it reads no more for now.
inline void pieces_left(answer_log& log, answer_log::reader_id id) {
  log.leave_and_read(
      id, [](const answer_log::progress&) {}, [](deltas::form, std::string_view) { return false; });
}

} // namespace nekod::test
