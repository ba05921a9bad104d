#pragma once

#include <cstddef>
#include <string>

namespace nekod::http {

/// The bytes of memory that this process may use: the machine's memory, or the limit of its control
/// group.
std::size_t machine_memory();

/// The smallest memory limit of a process's control groups, including their parents.
/// @param self The content of `/proc/self/cgroup`, of either version of control groups.
/// @param root Where their files are mounted, such as `/sys/fs/cgroup`.
/// @returns bytes; the largest number if there is no limit.
std::size_t control_group_limit(const std::string& self, const std::string& root);

} // namespace nekod::http
