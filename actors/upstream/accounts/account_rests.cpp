#include "actors/upstream/accounts/account_rests.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

/// The most models of an account with rests of their own, since clients may name any number.
constexpr std::size_t most_models = 64;

// The first rest and the longest, if the upstream does not say how long.
constexpr std::chrono::seconds refused_rest{60};
constexpr std::chrono::seconds limited_rest{1};
constexpr std::chrono::seconds longest_limited_rest{60};

/// Other nodes are told of a rest again only if it ends so much later than they know.
constexpr std::chrono::seconds least_news{1};

} // namespace

std::optional<account_rests::clock::time_point>
account_rests::limited(const std::string& model, std::optional<clock::duration> requested,
                       clock::time_point now) {
  std::lock_guard guard{mutex_};
  return begin(of(model, now), requested, limited_rest, longest_limited_rest, now);
}

std::optional<account_rests::clock::time_point>
account_rests::refused(std::optional<clock::duration> requested, clock::time_point now) {
  std::lock_guard guard{mutex_};
  return begin(account_, requested, refused_rest, longest_, now);
}

bool account_rests::worked(const std::string& model) {
  std::lock_guard guard{mutex_};
  const auto was_refused = std::exchange(account_, rest{}).end != clock::time_point{};
  if (auto i = models_.find(model); i != models_.end())
    i->second.length = {};
  return was_refused;
}

void account_rests::heard_limit(const std::string& model, clock::time_point end,
                                clock::time_point now) {
  std::lock_guard guard{mutex_};
  hear(of(model, now), end, now);
}

void account_rests::heard_refusal(clock::time_point end, clock::time_point now) {
  std::lock_guard guard{mutex_};
  hear(account_, end, now);
}

void account_rests::heard_work() {
  std::lock_guard guard{mutex_};
  account_ = rest{};
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

/// @returns as `limited`.
std::optional<account_rests::clock::time_point>
account_rests::begin(rest& r, std::optional<clock::duration> requested, clock::duration least,
                     clock::duration most, clock::time_point now) const {
  if (requested) {
    r.end = now + std::min(std::max<clock::duration>(*requested, limited_rest), longest_);
  } else {
    // A call that was running when the rest began tells nothing new.
    if (r.end > now)
      return std::nullopt;
    most = std::min(most, longest_);
    r.length = std::clamp(2 * r.length, std::min(least, most), most);
    r.end = now + r.length;
  }
  if (r.end < r.told + least_news)
    return std::nullopt;
  r.told = r.end;
  return r.end;
}

void account_rests::hear(rest& r, clock::time_point end, clock::time_point now) const {
  r.end = std::max(r.end, std::min(end, now + longest_));
  r.told = std::max(r.told, end);
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
