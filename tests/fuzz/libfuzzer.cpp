/// The entry point for libFuzzer. The variable NEKOD_FUZZ_TARGET selects the target.

#include "tests/fuzz/targets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

const nekod::fuzz::target* chosen = nullptr;

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const auto* name = std::getenv("NEKOD_FUZZ_TARGET");
  chosen = nekod::fuzz::target_named(name == nullptr ? "" : name);
  if (chosen != nullptr)
    return 0;
  std::fputs("NEKOD_FUZZ_TARGET must be one of:\n", stderr);
  for (const auto& t : nekod::fuzz::all_targets())
    std::fprintf(stderr, "  %s\n", t.name.data());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
