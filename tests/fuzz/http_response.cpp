#include "http/client/h1/head_reader.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nekod::fuzz {
namespace {

/// A response as far as it came.
struct response {
  std::string head;
  std::uint16_t status = 0;
  bool keeps_alive = false;
  std::string body;
  bool has_ended = false;

  bool operator==(const response&) const = default;
};

struct reading {
  std::vector<response> all;
  bool is_malformed = false;

  bool operator==(const reading&) const = default;
};

/// Reads the responses to `GET` on one connection, up to a malformed one.
class reader {
public:
  void take(std::string_view piece) {
    while (!piece.empty() && !result.is_malformed) {
      const auto size = in_body_ ? take_body(piece) : take_head(piece);
      check(size <= piece.size(), "no more is taken than came");
      piece.remove_prefix(size);
    }
  }

  reading result;

private:
  std::size_t take_head(std::string_view piece) {
    const auto [how, taken] = lines_.take(piece);
    if (how == http::head_reader::state::more) {
      check(taken == piece.size(), "a head that goes on takes all");
      return taken;
    }
    const auto head = how == http::head_reader::state::complete
                          ? http::parse_message_head(lines_.text(), false)
                          : std::nullopt;
    result.is_malformed = !head;
    if (!head)
      return taken;
    check(head->status >= 100 && head->status <= 999, "a status has three digits");
    body_ = head->body;
    in_body_ = !body_.is_empty();
    result.all.push_back({lines_.text(), head->status, head->keeps_alive, {}, !in_body_});
    std::string lines;
    http::for_each_line(lines_.text(), [&](std::string_view line) { lines += line; });
    check(lines == lines_.text(), "a head consists of its lines");
    lines_.restart();
    return taken;
  }

  std::size_t take_body(std::string_view piece) {
    const auto part = body_.take(piece);
    check(part.taken > 0, "some of what comes is taken");
    check(part.data.empty() || (part.data.data() >= piece.data() &&
                                part.data.data() + part.data.size() <= piece.data() + part.taken),
          "data lies within what was taken");
    auto& current = result.all.back();
    current.body += part.data;
    current.has_ended = part.how == http::body_framing::state::ended;
    in_body_ = !current.has_ended;
    result.is_malformed = part.how == http::body_framing::state::malformed;
    check(!body_.ends_by_close() || part.taken == piece.size(), "without an end all is the body");
    return part.taken;
  }

  http::head_reader lines_;
  http::body_framing body_;
  bool in_body_ = false;
};

} // namespace

void http_response(std::string_view input) {
  check(same_however_cut(input,
                         [](auto cut) {
                           reader r;
                           cut([&](std::string_view piece) { r.take(piece); });
                           return r.result;
                         }),
        "the cuts of responses change nothing");
}

} // namespace nekod::fuzz
