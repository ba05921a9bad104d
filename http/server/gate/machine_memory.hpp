#pragma once

#include <cstddef>
#include <string>

namespace nekod::http {

/// Bytes of memory that this process may use: the machine's, or less where a control group has a
/// limit.
std::size_t machine_memory();

/// The least memory limit of a process's control groups, those above them included.
/// @param self What `/proc/self/cgroup` says, of either version of control groups.
/// @param root Where their files are mounted, as `/sys/fs/cgroup`.
/// @returns bytes; the largest number where there is no limit.
std::size_t control_group_limit(const std::string& self, const std::string& root);

} // namespace nekod::http
