#include "actors/upstream/accounts/account_rests.hpp"

#include <algorithm>

namespace nekod {

namespace {

/// The most models of an account with rests of their own, since clients may name any number.
constexpr std::size_t most_models = 64;

// The first rest and the longest, if the upstream does not say how long.
constexpr std::chrono::seconds refused_rest{60};
constexpr std::chrono::seconds limited_rest{1};
constexpr std::chrono::seconds longest_limited_rest{60};

} // namespace

void account_rests::limited(const std::string& model, std::optional<clock::duration> requested,
                            clock::time_point now) {
  std::lock_guard guard{mutex_};
  begin(of(model, now), requested, limited_rest, longest_limited_rest, now);
}

void account_rests::refused(std::optional<clock::duration> requested, clock::time_point now) {
  std::lock_guard guard{mutex_};
  begin(account_, requested, refused_rest, longest_, now);
}

void account_rests::worked(const std::string& model) {
  std::lock_guard guard{mutex_};
  account_ = rest{};
  if (auto i = models_.find(model); i != models_.end())
    i->second.length = {};
}

account_rests::clock::duration account_rests::left(const std::string& model,
                                                   clock::time_point now) const {
  std::lock_guard guard{mutex_};
  auto end = account_.end;
  if (auto i = models_.find(model); i != models_.end())
    end = std::max(end, i->second.end);
  return std::max(end - now, clock::duration::zero());
}

std::vector<model_rest> account_rests::limits(clock::time_point now) const {
  std::lock_guard guard{mutex_};
  std::vector<model_rest> result;
  for (const auto& [model, limit] : models_)
    if (limit.end > now)
      result.push_back({model, limit.end - now});
  return result;
}

void account_rests::begin(rest& r, std::optional<clock::duration> requested, clock::duration least,
                          clock::duration most, clock::time_point now) const {
  if (requested) {
    r.end = now + std::min(std::max<clock::duration>(*requested, limited_rest), longest_);
    return;
  }
  // A call that was running when the rest began tells nothing new.
  if (r.end > now)
    return;
  most = std::min(most, longest_);
  r.length = std::clamp(2 * r.length, std::min(least, most), most);
  r.end = now + r.length;
}

/// The entry of *model*. If there are too many, the one whose rest ends first is dropped.
account_rests::rest& account_rests::of(const std::string& model, clock::time_point now) {
  if (models_.count(model) == 0 && models_.size() >= most_models) {
    std::erase_if(models_, [&](const auto& entry) { return entry.second.end <= now; });
    if (models_.size() >= most_models)
      models_.erase(std::min_element(models_.begin(), models_.end(),
                                     [](auto& a, auto& b) { return a.second.end < b.second.end; }));
  }
  return models_[model];
}

} // namespace nekod
