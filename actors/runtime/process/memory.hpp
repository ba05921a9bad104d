#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

namespace nekod {

/// The bytes of memory that this process may use: the machine's memory, or the limit of its control
/// group.
std::size_t machine_memory();

/// The smallest memory limit of a process's control groups, including their parents.
/// @param self The content of `/proc/self/cgroup`, of either version of control groups.
/// @param root Where their files are mounted, such as `/sys/fs/cgroup`.
/// @returns bytes; the largest number if there is no limit.
std::size_t control_group_limit(const std::string& self, const std::string& root);

/// The memory that this process uses; cheap to ask often. May be used by several threads at once.
class memory_watch {
public:
  /// Resident bytes, some hundredths of a second old at most; 0 if the system does not say.
  std::size_t resident();

private:
  using clock = std::chrono::steady_clock;

  std::atomic<std::size_t> bytes_{0};
  std::atomic<clock::time_point> looked_{};
};

} // namespace nekod
