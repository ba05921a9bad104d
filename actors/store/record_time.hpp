#pragma once

#include <chrono>
#include <cstdint>

/// Times of records as they are stored: whole microseconds since 1970. Pure.
namespace nekod {

std::int64_t time_number(std::chrono::system_clock::time_point t);

/// Reads it. The first and the last time point are read as they were written.
std::chrono::system_clock::time_point time_of(std::int64_t number);

} // namespace nekod
