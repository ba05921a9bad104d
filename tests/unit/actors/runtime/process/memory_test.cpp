#include "actors/runtime/process/memory.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

using namespace nekod;

namespace {

constexpr auto no_limit = std::numeric_limits<std::size_t>::max();

struct fixture {
  void write(const std::string& file, const std::string& text) {
    auto path = root + file;
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
    std::ofstream{path} << text << '\n';
  }

  std::size_t limit(const std::string& self) const { return control_group_limit(self, root); }

  test::temporary_folder folder;
  std::string root = folder.file("groups");
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the smallest limit of a control group and its parents counts") {
  write("/a/memory.max", "500");
  write("/a/b/memory.max", "max");
  write("/a/b/c/memory.max", "700");
  CHECK(limit("0::/a/b/c\n") == 500);
  CHECK(limit("0::/a/b\n") == 500);
  CHECK(limit("0::/\n") == no_limit);
  write("/memory.max", "300");
  CHECK(limit("0::/a/b/c\n") == 300);
  CHECK(limit("0::/\n") == 300);
  CHECK(limit("0::/not/here\n") == 300);
}

TEST_CASE_FIXTURE(fixture, "the first version of control groups is read, too") {
  write("/memory/docker/memory.limit_in_bytes", "900");
  write("/memory/memory.limit_in_bytes", "9223372036854771712");
  const std::string self = "12:pids:/docker\n5:cpu,memory:/docker/x\n1:name=systemd:/docker\n";
  CHECK(limit(self) == 900);
  CHECK(limit("12:pids:/docker\n") == no_limit);
}

TEST_CASE_FIXTURE(fixture, "a missing or unreadable limit is none") {
  for (const auto* self : {"", "0::", "garbage", "0:", ":::", "0::relative"})
    CHECK(limit(self) == no_limit);
  CHECK(machine_memory() > (std::size_t{1} << 20));
}
