#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// A model that an account rests for, and for how much longer.
struct model_rest {
  std::string model;
  std::chrono::steady_clock::duration left{0};
};

/// How long an account rests: for one model after a rate limit, for all models after a refusal. A
/// rest is as long as the upstream said, up to a maximum; if it said nothing, each rest is longer
/// than the one before it, until a success. Rests only choose between accounts and upstreams; they
/// never refuse a turn. Other nodes with the same account tell of its rests there; the longer one
/// counts. May be used from any thread.
class account_rests {
public:
  using clock = std::chrono::steady_clock;

  /// @param longest The maximum length of a rest.
  explicit account_rests(clock::duration longest) : longest_(longest) {}

  /// The account was rate-limited for *model*.
  /// @param requested How long the upstream asks to wait; nothing if it does not say.
  /// @returns when the rest ends, if other nodes do not know that yet.
  std::optional<clock::time_point> limited(const std::string& model,
                                           std::optional<clock::duration> requested,
                                           clock::time_point now);

  /// The account was refused, or has no credit left. Returns as `limited`.
  std::optional<clock::time_point> refused(std::optional<clock::duration> requested,
                                           clock::time_point now);

  /// The account answered for *model*: it is no longer refused, and the next rest for that model is
  /// short again. A limit that has not ended stays.
  /// @returns whether it had been refused since it last worked.
  bool worked(const std::string& model);

  // Rests that other nodes tell of:

  void heard_limit(const std::string& model, clock::time_point end, clock::time_point now);
  void heard_refusal(clock::time_point end, clock::time_point now);

  /// The account works there: it is no longer refused.
  void heard_work();

  /// How much longer it rests for *model*; zero if it does not.
  clock::duration left(const std::string& model, clock::time_point now) const;

  /// The models that it rests for.
  std::vector<model_rest> limits(clock::time_point now) const;

private:
  struct rest {
    clock::time_point end;
    /// How long it was; zero after a success.
    clock::duration length{0};
    /// The latest end that other nodes know.
    clock::time_point told;
  };

  std::optional<clock::time_point> begin(rest& r, std::optional<clock::duration> requested,
                                         clock::duration least, clock::duration most,
                                         clock::time_point now) const;
  void hear(rest& r, clock::time_point end, clock::time_point now) const;
  rest& of(const std::string& model, clock::time_point now);

  clock::duration longest_;
  mutable std::mutex mutex_;
  rest account_;
  std::map<std::string, rest> models_;
};

} // namespace nekod
