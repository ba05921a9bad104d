#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/unit/support/test_database.hpp"

#include <doctest/doctest.h>

#include <iostream>

int main(int argc, char** argv) {
  doctest::Context context;
  if (!nekod::test::has_database()) {
    std::cerr << "SKIPPED: there is no PostgreSQL server, so the tests of its store are left out\n";
    context.addFilter("test-case-exclude", "*database*");
  }
  context.applyCommandLine(argc, argv);
  return context.run();
}
