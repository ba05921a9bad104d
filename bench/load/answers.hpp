#pragma once

#include "bench/load/faults.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// The code that an error object reports, or its type, or `unnamed`; empty where there is none.
std::string reported_error(const json::value& body);

/// What an answer with another status than 200 says: the status, and the error's code if it names
/// one.
fault refusal(unsigned status, std::string_view body);

/// A whole answer.
struct whole_answer {
  /// The text, as it stands in JSON.
  std::string text;
  /// What is wrong with it, if anything.
  std::optional<fault> wrong;
};

/// Reads the body of an answer that was not streamed.
whole_answer read_whole(std::string_view body);

/// Whether *escaped*, the text of an answer as it stands in JSON, holds *wanted*.
bool holds(std::string_view escaped, std::string_view wanted);

} // namespace nekod::load
