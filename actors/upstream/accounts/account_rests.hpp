#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// A model that an account is not to be asked for now, and how much longer.
struct model_rest {
  std::string model;
  std::chrono::steady_clock::duration left{0};
};

/// How long an account rests: for one model where it met a limit, for all where it was refused. A
/// rest is as long as the upstream said, within limits, or grows with each one that follows on
/// another without a success between. Rests only choose between alternatives; they refuse nothing.
/// May be used from any thread.
class account_rests {
public:
  using clock = std::chrono::steady_clock;

  /// @param longest No rest is longer.
  explicit account_rests(clock::duration longest) : longest_(longest) {}

  /// The account met a limit for *model*.
  void limited(const std::string& model, std::optional<clock::duration> told,
               clock::time_point now);

  /// The account was refused, or has no money left.
  void refused(std::optional<clock::duration> told, clock::time_point now);

  /// The account answered for *model*. What was told of a limit stays.
  void worked(const std::string& model);

  /// How much longer it rests for *model*; zero where it does not.
  clock::duration left(const std::string& model, clock::time_point now) const;

  /// The models that it rests for.
  std::vector<model_rest> limits(clock::time_point now) const;

private:
  struct rest {
    clock::time_point end;
    /// How long it was; zero after a success.
    clock::duration length{0};
  };

  void begin(rest& r, std::optional<clock::duration> told, clock::duration least,
             clock::duration most, clock::time_point now) const;
  rest& of(const std::string& model, clock::time_point now);

  clock::duration longest_;
  mutable std::mutex mutex_;
  rest account_;
  std::map<std::string, rest> models_;
};

} // namespace nekod
