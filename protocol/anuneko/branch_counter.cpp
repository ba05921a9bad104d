#include "protocol/anuneko/branch_counter.hpp"

#include "protocol/anuneko/reply_decoder.hpp"

#include <algorithm>

namespace nekod::anuneko {

namespace {

/// No service sends more branches than this.
constexpr std::int64_t most_branches = 128;

} // namespace

void branch_counter::feed(std::string_view bytes) {
  if (!count_)
    parser_.feed(bytes, [this](const sse::item& item) { take(item); });
}

void branch_counter::take(const sse::item& item) {
  if (count_ || item.stray)
    return;
  const auto event = json::parse_foreign(item.data);
  if (!event.root.IsObject())
    return;
  if (item.name == "start") {
    const auto* number = json::find(event.root, "choice_num");
    const auto told = number == nullptr ? std::nullopt : json::integer_of(*number);
    if (told && *told >= 1)
      count_ = static_cast<std::size_t>(std::min(*told, most_branches));
  } else if (carries_text(item.name)) {
    const auto* pieces = json::find(event.root, "c");
    if (pieces != nullptr && pieces->IsArray())
      take_pieces(*pieces);
    else if (json::find_string(event.root, "v"))
      count_ = 1;
  }
}

void branch_counter::take_pieces(const json::value& pieces) {
  const auto before = heard_;
  auto again = false;
  for (const auto& piece : pieces.GetArray()) {
    const auto branch = branch_of(piece, "c");
    if (branch < 0 || branch >= most_branches)
      continue;
    again = again || before.count(branch) > 0;
    heard_.insert(branch);
  }
  if (again)
    count_ = static_cast<std::size_t>(*heard_.rbegin()) + 1;
}

} // namespace nekod::anuneko
