#pragma once

#include "bench/load/faults.hpp"
#include "bench/load/histogram.hpp"
#include "bench/load/schedule.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>

namespace nekod::load {

/// The records of one thread, or of all threads.
struct tally {
  // For requests whose intended start counts; the first and the last of these only for successful
  // ones.
  histogram first_token;
  histogram between_tokens;
  histogram total;

  /// During the time that counts.
  std::uint64_t answers = 0;
  std::uint64_t pieces = 0;
  std::uint64_t bytes = 0;

  // During the whole run.
  std::uint64_t started = 0;
  std::uint64_t connections = 0;
  /// Answers that were still running when the program stopped waiting.
  std::uint64_t cut = 0;
  std::map<fault, std::uint64_t> faults;
  /// How the server found the sessions, by its own account.
  std::map<std::string, std::uint64_t> session_matches;
  clock::time_point last_end{};

  void merge(const tally& other) {
    first_token.merge(other.first_token);
    between_tokens.merge(other.between_tokens);
    total.merge(other.total);
    answers += other.answers;
    pieces += other.pieces;
    bytes += other.bytes;
    started += other.started;
    connections += other.connections;
    cut += other.cut;
    for (const auto& [what, times] : other.faults)
      faults[what] += times;
    for (const auto& [rule, times] : other.session_matches)
      session_matches[rule] += times;
    last_end = std::max(last_end, other.last_end);
  }

  std::uint64_t fault_count() const {
    return std::accumulate(faults.begin(), faults.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& entry) { return sum + entry.second; });
  }
};

} // namespace nekod::load
