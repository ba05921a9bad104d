#pragma once

#include <cstddef>

namespace nekod {

/// Lets this process open as many files as the system allows it: shells and service managers start
/// programs with a lower limit.
/// @returns how many that are.
std::size_t raise_descriptor_limit();

} // namespace nekod
