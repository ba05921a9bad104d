/// Runs kept inputs without libFuzzer, so that builds of any compiler try them: each as it is, each
/// of its prefixes, and each with one byte changed.
///
///     nekod-fuzz-replay TARGET FILE-OR-FOLDER...

#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using nekod::fuzz::target;
namespace files = std::filesystem;

/// Bytes with a meaning for some parser, and some without.
constexpr std::array<char, 10> changes{'\0', '\n', '\r', '"', '\\', ',', '0', '}', '\x80', '\xff'};

/// The most changed positions of one input, which bounds the time for a long one.
constexpr std::size_t most_places = 100;

std::string content_of(const files::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A copy of the exact size on the heap, so that a sanitizer notices reads beyond its end.
void run(const target& t, std::string_view input) {
  const std::vector<char> copy(input.begin(), input.end());
  try {
    t.run({copy.data(), copy.size()});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s; the input:\n", t.name.data(), e.what());
    std::fwrite(input.data(), 1, input.size(), stderr);
    std::fputs("\n", stderr);
    std::exit(1);
  }
}

/// @returns the number of inputs tried.
std::size_t run_all_of(const target& t, std::string input) {
  run(t, input);
  std::size_t tried = 1;
  const auto step = std::max<std::size_t>(1, input.size() / most_places);
  for (std::size_t i = 0; i < input.size(); i += step) {
    run(t, std::string_view{input}.substr(0, i));
    const auto before = input[i];
    for (const auto c : changes) {
      input[i] = c;
      run(t, input);
    }
    input[i] = before;
    tried += 1 + changes.size();
  }
  return tried;
}

std::vector<files::path> inputs_below(const files::path& place) {
  std::vector<files::path> found;
  if (files::is_directory(place))
    for (const auto& entry : files::directory_iterator{place})
      found.push_back(entry.path());
  else
    found.push_back(place);
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

int main(int argc, char** argv) {
  const auto* t = argc > 2 ? nekod::fuzz::target_named(argv[1]) : nullptr;
  if (t == nullptr) {
    std::fputs("usage: nekod-fuzz-replay TARGET FILE-OR-FOLDER...\n", stderr);
    return 2;
  }
  std::size_t kept = 0;
  std::size_t tried = 0;
  for (auto i = 2; i < argc; ++i)
    for (const auto& file : inputs_below(argv[i])) {
      tried += run_all_of(*t, content_of(file));
      ++kept;
    }
  std::printf("%s: %zu kept inputs, %zu tried\n", argv[1], kept, tried);
  return kept == 0 ? 1 : 0;
}
