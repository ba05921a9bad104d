/// The micro benchmarks: times by Google Benchmark, or a fixed amount of work for counting
/// instructions.
#include "bench/micro/subject.hpp"

#include <benchmark/benchmark.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstring>
#include <iostream>

namespace {

using namespace nekod::micro;

constexpr const char* help = R"(nekod-micro [BENCHMARK FLAGS]      times, see --help
nekod-micro list                   names
nekod-micro built                  compiler and architecture, by which counts are kept
nekod-micro repeat NAME TIMES      the work so many times, in the function nekod_counted
)";

/// Runs before counting, so that memory and tables have reached their sizes.
constexpr unsigned warm_up = 3;

std::vector<subject> all_subjects() {
  auto result = codec_subjects();
  for (auto& s : conversation_subjects())
    result.push_back(std::move(s));
  return result;
}

std::string built() {
#if defined(__clang__)
  std::string compiler = "clang-" + std::to_string(__clang_major__) + '.' +
                         std::to_string(__clang_minor__) + '.' +
                         std::to_string(__clang_patchlevel__);
#else
  std::string compiler = "gcc-" + std::to_string(__GNUC__) + '.' + std::to_string(__GNUC_MINOR__) +
                         '.' + std::to_string(__GNUC_PATCHLEVEL__);
#endif
#if defined(__x86_64__)
  return compiler + " x86_64";
#elif defined(__aarch64__)
  return compiler + " aarch64";
#else
  return compiler + " other";
#endif
}

} // namespace

/// callgrind counts this function: its name must not change, and it must not be inlined.
extern "C" [[gnu::noinline]] void nekod_counted(const step& work, unsigned times) {
  for (unsigned i = 0; i < times; ++i)
    work();
}

namespace {

int repeat(const std::string& name, unsigned times) {
  for (const auto& s : all_subjects()) {
    if (s.name != name)
      continue;
    auto work = s.begin();
    for (unsigned i = 0; i < warm_up; ++i)
      work();
    nekod_counted(work, times);
    return 0;
  }
  std::cerr << "there is no benchmark " << name << '\n';
  return 2;
}

int time_all(int count, char** words) {
  for (const auto& s : all_subjects())
    benchmark::RegisterBenchmark(s.name.c_str(), [begin = s.begin](benchmark::State& state) {
      auto work = begin();
      for ([[maybe_unused]] auto ignored : state)
        work();
    });
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) {
    std::cerr << help;
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

} // namespace

int main(int count, char** words) {
  spdlog::set_level(spdlog::level::off);
  std::string what = count > 1 ? words[1] : "";
  if (what == "list") {
    for (const auto& s : all_subjects())
      std::cout << s.name << '\n';
    return 0;
  }
  if (what == "built") {
    std::cout << built() << '\n';
    return 0;
  }
  unsigned times = 0;
  if (what == "repeat" && count == 4 &&
      std::from_chars(words[3], words[3] + std::strlen(words[3]), times).ec == std::errc{})
    return repeat(words[2], times);
  return time_all(count, words);
}
