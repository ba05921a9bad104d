#include "actors/runtime/process/file.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("a file is read whole, and a folder is an error") {
  test::temporary_folder folder;
  auto text = std::string(100'000, 'x') + '\0' + "end\n";
  test::write_file(folder.file("a"), text);
  auto read = read_file(folder.file("a"));
  REQUIRE(read);
  CHECK(*read == text);
  CHECK(read_file(folder.file("")).error() == std::errc::is_a_directory);
  CHECK(read_file(folder.file("none")).error() == std::errc::no_such_file_or_directory);
}
