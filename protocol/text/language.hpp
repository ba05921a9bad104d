#pragma once

#include <cstdint>

namespace nekod {

/// Languages of texts for people.
enum class language : std::uint8_t { zh, en };

} // namespace nekod
