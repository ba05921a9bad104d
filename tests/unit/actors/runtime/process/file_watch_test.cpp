#include "actors/runtime/process/file_watch.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace nekod;
namespace fs = std::filesystem;

namespace {

/// A file in a folder of its own, held open like a database.
struct fixture {
  fixture() {
    fs::create_directory(folder.file("deep"));
    test::write_file(path, "a");
    held.open(path);
    watch.add(path);
  }

  bool tells(const char* words) const {
    const auto problem = watch.problem();
    return problem && problem->find(path + " " + words) != std::string::npos;
  }

  test::temporary_folder folder;
  std::string path = folder.file("deep/a");
  std::ifstream held;
  file_watch watch;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a file that stays in place is no problem, whatever is written to it") {
  CHECK_FALSE(watch.problem());
  test::write_file(path, "another text");
  fs::permissions(path, fs::perms::none);
  CHECK_FALSE(watch.problem());
}

TEST_CASE_FIXTURE(fixture, "a file that is removed or moved is noticed, and so is its return") {
  fs::rename(path, folder.file("b"));
  CHECK(tells("is gone"));
  fs::rename(folder.file("b"), path);
  CHECK_FALSE(watch.problem());
  fs::remove(path);
  CHECK(tells("is gone"));
}

TEST_CASE_FIXTURE(fixture, "another file in its place is noticed, even with the same text") {
  fs::remove(path);
  test::write_file(path, "a");
  CHECK(tells("was replaced"));
}

TEST_CASE_FIXTURE(fixture, "a folder that is moved or replaced takes its files along") {
  fs::rename(folder.file("deep"), folder.file("old"));
  CHECK(tells("is gone"));
  fs::create_directory(folder.file("deep"));
  test::write_file(path, "a");
  CHECK(tells("was replaced"));
}

TEST_CASE("a file that did not exist is not watched") {
  test::temporary_folder folder;
  file_watch watch;
  watch.add(folder.file("none"));
  CHECK_FALSE(watch.problem());
}
