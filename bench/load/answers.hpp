#pragma once

#include "bench/load/faults.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// The code in an error object, or its type, or `unnamed`; empty if it is not an error.
std::string reported_error(const json::value& body);

/// The fault of an answer with a status other than 200: the status, and the error's code, if any.
fault refusal(unsigned status, std::string_view body);

/// A whole answer.
struct whole_answer {
  /// The text, escaped as in JSON.
  std::string text;
  /// The id by which later requests refer to it; empty for none.
  std::string id;
  /// What is wrong with it, if anything.
  std::optional<fault> wrong;
};

/// An answer with that fault.
whole_answer wrong_answer(std::string what);

/// Reads the body of an answer that was not streamed.
whole_answer read_whole(std::string_view body);

/// Whether the text *escaped*, escaped as in JSON, contains *wanted*.
bool holds(std::string_view escaped, std::string_view wanted);

} // namespace nekod::load
