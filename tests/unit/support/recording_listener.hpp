#pragma once

#include "actors/upstream/upstream.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nekod::test {

/// Records the events that a session would get from its upstream.
struct recording_listener : upstream_listener {
  void on_deltas(deltas, std::size_t bytes) override { used += bytes; }
  void on_answer(upstream_answer) override { log.emplace_back("answer"); }
  void on_failure(upstream_failure f) override {
    log.emplace_back("failure");
    error = std::move(f.reason);
    help = f.help;
  }
  void on_other_upstream(const std::string& upstream, const std::string& model) override {
    log.push_back("by " + upstream + " " + model);
  }
  void on_settled() override { log.emplace_back("settled"); }
  std::string seeded_text() const override { return {}; }
  std::size_t times_said() const override { return 0; }

  std::size_t used = 0;
  std::vector<std::string> log;
  chat::failure error;
  remedy help = remedy::none;
};

} // namespace nekod::test
