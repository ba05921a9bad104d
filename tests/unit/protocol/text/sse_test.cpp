#include "protocol/text/sse.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <vector>

using namespace nekod;

namespace {

struct found {
  std::string name;
  std::string data;
  bool stray = false;

  bool operator==(const found&) const = default;
};

using items = std::vector<found>;

std::ostream& operator<<(std::ostream& out, const items& xs) {
  for (const auto& x : xs)
    out << "{" << x.name << "|" << x.data << (x.stray ? "|stray}" : "}");
  return out;
}

class reader {
public:
  explicit reader(sse::parser p = sse::parser{}) : parser_(std::move(p)) {}

  bool feed(std::string_view bytes) {
    // A separate copy, so that a view that is kept too long shows as a fault.
    const std::vector<char> packet(bytes.begin(), bytes.end());
    return parser_.feed({packet.data(), packet.size()}, collect());
  }
  bool finish() { return parser_.finish(collect()); }

  items got;

private:
  sse::parser::handler collect() {
    return [this](const sse::item& i) {
      got.push_back({std::string{i.name}, std::string{i.data}, i.stray});
    };
  }

  sse::parser parser_;
};

struct row {
  std::string_view stream;
  items expected;
};

const std::vector<row> rows{
    {"", {}},
    {"\n\n", {}},
    {"data: a\n\n", {{"", "a"}}},
    {"data: a\r\n\r\n", {{"", "a"}}},
    {"data: a\r\r", {{"", "a"}}},
    {"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", {{"", "a\nb"}, {"", "c"}}},
    {"data: a\r\rdata: b\r\n\ndata: c\n\r\n", {{"", "a"}, {"", "b"}, {"", "c"}}},
    {"data:a\n\ndata:  b\n\ndata: \n\n", {{"", "a"}, {"", " b"}, {"", ""}}},
    {"data: a\ndata\ndata: b\n\n", {{"", "a\n\nb"}}},
    {"data\n\n", {{"", ""}}},
    {"data\ndata\n\n", {{"", "\n"}}},
    {"event: delta\ndata: a\n\ndata: b\n\n", {{"delta", "a"}, {"", "b"}}},
    {"data: a\nevent:x\nevent: an event's name\n\n", {{"an event's name", "a"}}},
    {"event: ping\n\ndata: a\n\n", {{"", "a"}}},
    {": comment\n:\ndata: a\n: ping\ndata: b\n\n", {{"", "a\nb"}}},
    {"id: 1\nretry: 10\nid\ndata: a\n\n", {{"", "a"}}},
    {"data: {\"a\":\"b:c\"}\n\n", {{"", "{\"a\":\"b:c\"}"}}},
    {"\xEF\xBB\xBF"
     "data: a\n\n",
     {{"", "a"}}},
    {"\xEF\xBB\xBF", {}},
    {"\xEF\xBB\xBF\ndata: a\n\n", {{"", "a"}}},
    {"data: a\n\n\xEF\xBB\xBF"
     "data: b\n\n",
     {{"", "a"},
      {"",
       "\xEF\xBB\xBF"
       "data: b",
       true}}},
    {"{\"code\":\"x\"}\n", {{"", "{\"code\":\"x\"}", true}}},
    {"{\"code\":\"x\"}", {{"", "{\"code\":\"x\"}", true}}},
    {"oops\ndata: a\n\n", {{"", "oops", true}, {"", "a"}}},
    {"event: delta\ndata: a\nDATA: b\n\n", {{"", "DATA: b", true}, {"delta", "a"}}},
    {"data: a", {{"", "a"}}},
    {"data: a\n", {{"", "a"}}},
    {"data: a\r", {{"", "a"}}},
    {"event: stop\ndata: a\ndata: b", {{"stop", "a\nb"}}},
    {"data: 你好🐱\n\ndata: {\"v\":\"é\"}\n\n", {{"", "你好🐱"}, {"", "{\"v\":\"é\"}"}}},
    {"data: one line, long enough not to fit into a short string\n\nevent: e\ndata: and\ndata: "
     "two\n\n",
     {{"", "one line, long enough not to fit into a short string"}, {"e", "and\ntwo"}}},
};

} // namespace

TEST_CASE("a stream is read into its events and stray lines") {
  for (const auto& r : rows) {
    CAPTURE(r.stream);
    reader whole;
    CHECK(whole.feed(r.stream));
    CHECK(whole.finish());
    CHECK(whole.got == r.expected);
  }
}

TEST_CASE("a stream reads the same in any two pieces") {
  for (const auto& r : rows)
    for (std::size_t cut = 0; cut <= r.stream.size(); ++cut) {
      CAPTURE(r.stream);
      CAPTURE(cut);
      reader halves;
      CHECK(halves.feed(r.stream.substr(0, cut)));
      CHECK(halves.feed(r.stream.substr(cut)));
      CHECK(halves.finish());
      CHECK(halves.got == r.expected);
    }
}

TEST_CASE("a stream reads the same byte by byte") {
  for (const auto& r : rows) {
    CAPTURE(r.stream);
    reader bytes;
    for (std::size_t i = 0; i < r.stream.size(); ++i)
      CHECK(bytes.feed(r.stream.substr(i, 1)));
    CHECK(bytes.finish());
    CHECK(bytes.got == r.expected);
  }
}

TEST_CASE("an event is reported as soon as its blank line has arrived") {
  reader r;
  r.feed("data: a\n");
  CHECK(r.got.empty());
  r.feed("\n");
  CHECK(r.got == items{{"", "a"}});
}

TEST_CASE("a stray line is reported without a blank line") {
  reader r;
  r.feed("{\"code\":1}\n");
  CHECK(r.got == items{{"", "{\"code\":1}", true}});
}

TEST_CASE("a stream ends once") {
  reader r;
  CHECK(r.feed("event: e\ndata: a\ndata: b"));
  CHECK(r.finish());
  CHECK(r.finish());
  CHECK(r.got == items{{"e", "a\nb"}});
}

TEST_CASE("a line or an event beyond the limit ends the reading, however it is split") {
  const std::string stream = "data: ok\n\ndata: 0123456789\n\ndata: never\n\n";
  const std::string lines = "data: ok\n\ndata: 01234\ndata: 56789\ndata: \n\ndata: never\n\n";
  for (const auto& text : {stream, lines})
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      CAPTURE(text);
      CAPTURE(cut);
      reader r{sse::parser{11}};
      const auto first = r.feed(std::string_view{text}.substr(0, cut));
      const auto second = r.feed(std::string_view{text}.substr(cut));
      CHECK((first || !second));
      CHECK_FALSE(second);
      CHECK_FALSE(r.feed("data: more\n\n"));
      CHECK_FALSE(r.finish());
      CHECK(r.got == items{{"", "ok"}});
    }
}

TEST_CASE("a line and an event of exactly the limit are accepted") {
  reader r{sse::parser{11}};
  CHECK(r.feed("data: 01234\ndata: 56789\n\n"));
  CHECK(r.feed("0123456789"));
  CHECK(r.feed("0"));
  CHECK(r.finish());
  CHECK(r.got == items{{"", "01234\n56789"}, {"", "01234567890", true}});
}

TEST_CASE("a line without an end does not grow beyond the limit") {
  reader r{sse::parser{100}};
  auto taken = true;
  for (int i = 0; i < 101 && taken; ++i)
    taken = r.feed("x");
  CHECK_FALSE(taken);
}

TEST_CASE("an event is written as its fields and a blank line") {
  std::string out;
  sse::append_event(out, "{}");
  sse::append_event(out, "delta", "a");
  CHECK(out == "data: {}\n\nevent: delta\ndata: a\n\n");
}

TEST_CASE("written events are read back, and a keep-alive in between is not an event") {
  std::string out{sse::keep_alive};
  sse::append_event(out, "first");
  out += sse::keep_alive;
  sse::append_event(out, "name", "second");
  reader r;
  CHECK(r.feed(out));
  CHECK(r.got == items{{"", "first"}, {"name", "second"}});
}
