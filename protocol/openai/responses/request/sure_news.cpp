#include "protocol/openai/responses/request/sure_news.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace nekod::openai::responses {
namespace {

bool is_of_user(const item& i) {
  return i.kind == item_kind::message && i.speaker == chat::role::user;
}

/// Whether the last items have *i* already, by its id or as a call that the answer made.
bool is_known(const last_items& last, const item& i) {
  const auto is_same = [&](const item& known) {
    if (is_call(i) && is_call(known) && known.call_id == i.call_id)
      return true;
    return !i.id.empty() && known.id == i.id &&
           (i.kind == item_kind::reference || say_the_same(known, i));
  };
  return std::ranges::any_of(last.input, is_same) || std::ranges::any_of(last.output, is_same);
}

/// The calls of an answer that wait for their outputs; nothing if that cannot be said of it alone.
std::optional<std::set<std::string_view>> open_calls(std::span<const item> output) {
  std::set<std::string_view> calls;
  for (const auto& i : output) {
    if (i.kind == item_kind::message || i.kind == item_kind::reasoning)
      continue;
    if (i.kind != item_kind::call || i.incomplete || i.call_id.empty() ||
        !calls.insert(i.call_id).second)
      return std::nullopt;
  }
  return calls;
}

} // namespace

bool may_be_news(std::span<const item> own) {
  return !own.empty() && std::ranges::all_of(own, [](const item& i) {
    // Others may be said again by their ids, or calls by those of the calls.
    return !i.id.empty() || is_of_user(i) || is_call(i) || i.kind == item_kind::output;
  });
}

std::optional<std::vector<item>> sure_news(const last_items& last, std::span<const item> own) {
  auto calls = open_calls(last.output);
  if (!calls)
    return std::nullopt;
  std::vector<item> news;
  for (const auto& i : own) {
    if (is_known(last, i))
      continue;
    if (!i.id.empty() || !(is_of_user(i) || i.kind == item_kind::output))
      return std::nullopt;
    if (i.kind == item_kind::output && calls->erase(i.call_id) == 0)
      return std::nullopt;
    news.push_back(i);
  }
  if (news.empty() || !calls->empty())
    return std::nullopt;
  return news;
}

} // namespace nekod::openai::responses
