#pragma once

#include "bench/load/run.hpp"

#include <string>

namespace nekod::load {

/// The figures for people, as lines of text.
std::string as_table(const options& plan, const outcome& o);

/// The figures for programs: one JSON object. Times in milliseconds.
std::string as_json(const options& plan, const outcome& o);

} // namespace nekod::load
