#include "protocol/text/sse.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>
#include <vector>

namespace nekod::fuzz {
namespace {

/// Small, so that inputs exceed it.
constexpr std::size_t longest_item = 64;

struct event {
  std::string name;
  std::string data;
  bool stray = false;

  bool operator==(const event&) const = default;
};

struct reading {
  std::vector<event> events;
  bool complete = true;

  bool operator==(const reading&) const = default;
};

template <class Cut>
reading read(Cut cut) {
  reading r;
  sse::parser p{longest_item};
  const auto keep = [&](const sse::item& i) {
    r.events.push_back({std::string{i.name}, std::string{i.data}, i.stray});
  };
  cut([&](std::string_view piece) { r.complete = p.feed(piece, keep); });
  r.complete = p.finish(keep) && r.complete;
  return r;
}

/// What is written is read back.
void write_again(const event& e) {
  if (e.stray || e.data.find_first_of("\r\n") != e.data.npos)
    return;
  std::string bytes;
  if (e.name.empty())
    sse::append_event(bytes, e.data);
  else
    sse::append_event(bytes, e.name, e.data);
  const auto r = read([&](auto feed) { feed(std::string_view{bytes}); });
  // With the field's name a line may be longer than before.
  if (r.complete)
    check(r.events == std::vector{e}, "an event that is written is read back");
}

} // namespace

void event_stream(std::string_view input) {
  check(same_however_cut(input, [](auto cut) { return read(cut); }),
        "the cuts of a stream change nothing");
  const auto all = read([&](auto feed) { feed(input); });
  for (const auto& e : all.events) {
    check(e.data.size() <= longest_item, "no event is longer than the limit");
    check(e.name.find_first_of("\r\n") == e.name.npos, "a name is one line");
    write_again(e);
  }
}

} // namespace nekod::fuzz
