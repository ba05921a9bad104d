#include "actors/store/record_time.hpp"

namespace nekod {

using std::chrono::microseconds;
using std::chrono::system_clock;

std::int64_t time_number(system_clock::time_point t) {
  return std::chrono::floor<microseconds>(t.time_since_epoch()).count();
}

system_clock::time_point time_of(std::int64_t number) {
  // The clock counts finer: its ends are between two numbers.
  if (number <= time_number(system_clock::time_point::min()))
    return system_clock::time_point::min();
  if (number >= time_number(system_clock::time_point::max()))
    return system_clock::time_point::max();
  return system_clock::time_point{microseconds{number}};
}

} // namespace nekod
