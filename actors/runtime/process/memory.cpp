#include "actors/runtime/process/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace nekod {

namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// The number in *file*; nothing if it is `max`, or the file is missing.
std::size_t limit_in(const std::string& file) {
  std::ifstream in{file};
  std::size_t result = 0;
  return in >> result ? result : no_limit;
}

/// The smallest limit of the group at *path* below *root* and of its parents. Inside a container
/// *path* may be a path of the host, of which only the root exists.
std::size_t least_limit(const std::string& root, std::string path, const std::string& file) {
  auto result = limit_in(root + "/" + file);
  while (path.size() > 1) {
    auto group = root;
    group.append(path).append("/").append(file);
    result = std::min(result, limit_in(group));
    path.erase(path.rfind('/'));
  }
  return result;
}

/// How old an answer may be: the system needs some microseconds for it, and bodies of many MiB come
/// within some tens of milliseconds.
constexpr std::chrono::milliseconds freshness{10};

std::size_t resident_now() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

std::size_t control_group_limit(const std::string& self, const std::string& root) {
  auto result = no_limit;
  std::istringstream lines{self};
  // Each is `NUMBER:CONTROLLERS:PATH`; version 2 names no controllers.
  for (std::string line; std::getline(lines, line);) {
    auto first = line.find(':');
    auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0)
      continue;
    auto path = line.substr(second + 1);
    auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,")
      result = std::min(result, least_limit(root, path, "memory.max"));
    else if (controllers.find(",memory,") != std::string::npos)
      result = std::min(result, least_limit(root + "/memory", path, "memory.limit_in_bytes"));
  }
  return result;
}

std::size_t machine_memory() {
  auto pages = sysconf(_SC_PHYS_PAGES);
  auto page_size = sysconf(_SC_PAGESIZE);
  auto all = pages > 0 && page_size > 0
                 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_size)
                 : no_limit;
  std::ostringstream self;
  self << std::ifstream{"/proc/self/cgroup"}.rdbuf();
  return std::min(all, control_group_limit(self.str(), "/sys/fs/cgroup"));
}

std::size_t memory_watch::resident() {
  auto now = clock::now();
  auto looked = looked_.load();
  if (now - looked >= freshness && looked_.compare_exchange_strong(looked, now))
    bytes_ = resident_now();
  return bytes_;
}

} // namespace nekod
