#include "bench/load/options.hpp"
#include "bench/load/report.hpp"
#include "bench/load/run.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <variant>

namespace {

using namespace nekod::load;

/// Thousands of clients need thousands of sockets; shells allow 1,024 files.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path};
  out << text << std::flush;
  if (!out)
    throw std::runtime_error{"cannot write " + path};
}

/// Writes the figures to their destinations.
void tell(const options& plan, const outcome& o) {
  if (plan.json_file == "-") {
    std::cout << as_json(plan, o) << std::flush;
    return;
  }
  std::cout << as_table(plan, o) << std::flush;
  if (!plan.json_file.empty())
    write_file(plan.json_file, as_json(plan, o));
}

int show(const exit_request& e) {
  (e.code == 0 ? std::cout : std::cerr) << e.text;
  return e.code;
}

int measure(const options& plan) {
  raise_file_limit();
  const auto o = run(plan);
  tell(plan, o);
  return o.seen.fault_count() > plan.max_errors ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto read = read_options(argc, argv);
    if (const auto* e = std::get_if<exit_request>(&read))
      return show(*e);
    return measure(std::get<options>(read));
  } catch (const std::exception& e) {
    std::cerr << "nekod-bench: " << e.what() << '\n';
    return 2;
  }
}
