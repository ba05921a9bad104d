#include "protocol/openai/responses/request/told_items.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;

/// Bytes of a client's word in an error.
constexpr std::size_t longest_word = 128;

/// Knows the items of a history.
class known_items {
public:
  explicit known_items(std::span<const item> history) {
    for (const auto& i : history) {
      if (!i.id.empty())
        ids_.emplace(i.id, &i);
      if (is_call(i))
        ++calls_[i.call_id].calls;
      if (is_output(i))
        ++calls_[i.call_id].outputs;
    }
  }

  /// Whether *i* is in the history. A new output counts from now on.
  bool has(const item& i) {
    if (const auto found = ids_.find(i.id); found != ids_.end() && say_the_same(*found->second, i))
      return true;
    const auto found = i.call_id.empty() ? calls_.end() : calls_.find(i.call_id);
    if (found == calls_.end() || found->second.calls == 0)
      return false;
    if (is_output(i))
      return found->second.outputs++ >= found->second.calls;
    return is_call(i);
  }

private:
  struct count {
    std::size_t calls = 0;
    std::size_t outputs = 0;
  };

  std::unordered_map<std::string_view, const item*> ids_;
  std::unordered_map<std::string_view, count> calls_;
};

/// The failure of an item that cannot be told as it is.
std::optional<failure> unresolved(const item& i) {
  if (i.kind == item_kind::reference)
    return failure{failure_code::item_not_found, "input",
                   in_backquotes(i.id, longest_word) +
                       "; items are kept only with `store`, which is the default"};
  if (i.kind == item_kind::compaction)
    return failure{failure_code::invalid_value,
                   i.place.empty() ? "input" : i.place + ".encrypted_content",
                   "it was not made here, or has expired"};
  return std::nullopt;
}

failure lonely(std::string_view what, const item& i) {
  return {failure_code::invalid_value, "input",
          std::string{what} + in_backquotes(i.call_id, longest_word)};
}

/// The outputs by the `call_id` of their call, in order.
class outputs_by_call {
public:
  explicit outputs_by_call(const std::vector<told_item>& items) {
    for (const auto& t : items)
      if (is_output(*t.what))
        outputs_[t.what->call_id].list.push_back(t.what);
  }

  /// The next output for *call*; null if there is none.
  const item* take(const item& call) {
    const auto found = outputs_.find(call.call_id);
    if (found == outputs_.end() || call.call_id.empty())
      return nullptr;
    auto& q = found->second;
    q.called = true;
    return q.next < q.list.size() ? q.list[q.next++] : nullptr;
  }

  /// Whether there is a call for *output*.
  bool called(const item& output) const {
    const auto found = outputs_.find(output.call_id);
    return found != outputs_.end() && found->second.called;
  }

private:
  struct queue {
    std::vector<const item*> list;
    std::size_t next = 0;
    bool called = false;
  };

  std::unordered_map<std::string_view, queue> outputs_;
};

} // namespace

std::vector<item> new_items(std::span<const item> history, std::span<const item> own) {
  std::vector<item> result;
  known_items known{history};
  for (const auto& i : own)
    if (!known.has(i))
      result.push_back(i);
  return result;
}

std::optional<failure> first_unresolved(std::span<const item> items) {
  for (const auto& i : items)
    if (auto e = unresolved(i))
      return e;
  return std::nullopt;
}

result<std::vector<told_item>, failure> told_items(std::span<const item> history,
                                                   std::span<const item> own) {
  std::vector<told_item> all;
  for (const auto& i : history)
    all.push_back({&i, nullptr});
  known_items known{history};
  for (const auto& i : own)
    if (!known.has(i))
      all.push_back({&i, nullptr});
  outputs_by_call outputs{all};
  std::vector<told_item> told;
  std::size_t told_of_history = 0;
  for (std::size_t n = 0; n < all.size(); ++n) {
    auto t = all[n];
    if (auto e = unresolved(*t.what))
      return *std::move(e);
    if (is_call(*t.what)) {
      t.output = outputs.take(*t.what);
      if (t.what->incomplete)
        continue;
      if (t.output == nullptr && t.what->kind == item_kind::hosted_call)
        continue;
      if (t.output == nullptr)
        return lonely("no tool output found for function call ", *t.what);
    }
    told.push_back(t);
    if (n < history.size())
      told_of_history = told.size();
  }
  const auto lacks_call = [&](const told_item& t) {
    return t.what->kind == item_kind::output && !outputs.called(*t.what);
  };
  const auto own_told = told.begin() + static_cast<std::ptrdiff_t>(told_of_history);
  if (const auto t = std::find_if(own_told, told.end(), lacks_call); t != told.end())
    return lonely("no tool call found for function call output with call_id ", *t->what);
  std::erase_if(told, lacks_call);
  return told;
}

} // namespace nekod::openai::responses
