#include "actors/store/sqlite/session_database.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// What the commit of a turn costs in conversations of different lengths: processor time of the
/// thread, time including the disk, and written bytes.
///
///     nekod-commits FILE    creates FILE, and removes it at the end
namespace {

using namespace nekod;
using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t message_size = 500;
constexpr int samples = 51;

/// The bytes that this process has passed to `write`.
double written() {
  std::ifstream io{"/proc/self/io"};
  std::string name;
  double value = 0;
  while (io >> name >> value)
    if (name == "wchar:")
      return value;
  return 0;
}

double processor_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<chat::message> turns_of(std::size_t count, char text) {
  std::vector<chat::message> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.emplace_back(chat::role::user, std::string(message_size, text));
    result.emplace_back(chat::role::assistant, std::string(message_size, text));
  }
  return result;
}

/// Writes the turn after the first *turns* again and again, each time with another text.
void measure(session_database& database, std::size_t turns) {
  session_commit c;
  c.token = {"nekod-commits", 1};
  c.record.info.id = "session-" + std::to_string(turns);
  c.messages = {0, turns_of(turns, 'x')};
  const auto write = [&] {
    database.commit(c);
    database.write_batch();
    ++c.version;
  };
  write();
  std::vector<double> processor;
  std::vector<double> time;
  std::vector<double> bytes;
  for (int i = 0; i < samples; ++i) {
    const auto text = static_cast<char>('a' + i % 26);
    c.messages = {2 * turns, turns_of(1, text)};
    ++c.record.info.turns;
    c.record.tip = conversation_tip::of(std::string(32, text));
    const auto bytes_before = written();
    const auto processor_before = processor_time();
    const auto begun = clock::now();
    write();
    time.push_back(microseconds{clock::now() - begun}.count());
    processor.push_back(processor_time() - processor_before);
    bytes.push_back(written() - bytes_before);
  }
  std::printf("| %zu | %.0f | %.0f | %.0f |\n", turns, median(processor), median(time),
              median(bytes));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: nekod-commits FILE\n", stderr);
    return 2;
  }
  const std::string file = argv[1];
  try {
    session_database database{file, session_database::texts::kept};
    for (std::size_t turns : {10U, 100U, 1000U})
      measure(database, turns);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "nekod-commits: %s\n", e.what());
    return 1;
  }
  for (const auto* end : {"", "-wal"})
    std::filesystem::remove(file + end);
  return 0;
}
