#include "protocol/anuneko/plain_event.hpp"

#include "protocol/text/json_strings.hpp"

#include <charconv>

namespace nekod::anuneko {
namespace {

/// Parses an event step by step. Each step returns whether it found what it is named for.
class reader {
public:
  explicit reader(std::string_view data) : rest_(data) {}

  bool ended() const { return rest_.empty(); }

  bool pass(std::string_view literal) {
    if (!rest_.starts_with(literal))
      return false;
    rest_.remove_prefix(literal.size());
    return true;
  }

  /// Appends the text up to the string's closing quote and consumes the quote. The opening one has
  /// been consumed before.
  bool text(std::string& out) {
    const auto length = json::append_unescaped(out, rest_);
    if (!length)
      return false;
    rest_.remove_prefix(*length + 1);
    return true;
  }

  bool number(int& n) {
    const auto* end = rest_.data() + rest_.size();
    const auto read = std::from_chars(rest_.data(), end, n);
    // RFC 8259 allows no leading zeros; and a fraction or an exponent may follow.
    const auto padded = [&] { return rest_.front() == '0' && read.ptr != rest_.data() + 1; };
    if (read.ec != std::errc{} || n < 0 || rest_.front() == '-' || padded())
      return false;
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
    return rest_.starts_with('}');
  }

private:
  std::string_view rest_;
};

/// One piece of the array; its text is taken if it belongs to *branch*.
bool take_piece(reader& from, int branch, deltas& out) {
  const auto begin = out.text.size();
  if (!from.pass(R"({"v":")") || !from.text(out.text))
    return false;
  auto of = 0;
  if (from.pass(R"(,"c":)") && !from.number(of))
    return false;
  if (of != branch)
    out.text.resize(begin);
  else if (out.text.size() > begin)
    out.ends.push_back(static_cast<std::uint32_t>(out.text.size()));
  return from.pass("}");
}

bool take_pieces(reader& from, int branch, deltas& out) {
  do {
    if (!take_piece(from, branch, out))
      return false;
  } while (from.pass(","));
  return from.pass("]");
}

/// The piece of an only answer, which belongs to branch 0.
bool take_only_piece(reader& from, int branch, deltas& out) {
  const auto begin = out.text.size();
  if (!from.text(out.text))
    return false;
  if (branch != 0)
    out.text.resize(begin);
  else if (out.text.size() > begin)
    out.ends.push_back(static_cast<std::uint32_t>(out.text.size()));
  return true;
}

bool take_event(reader& from, int branch, deltas& out, std::string& id) {
  if (!from.pass("{"))
    return false;
  if (from.pass(R"("msg_id":")") && !(from.text(id) && from.pass(",")))
    return false;
  const auto taken = from.pass(R"("c":[)")   ? take_pieces(from, branch, out)
                     : from.pass(R"("v":")") ? take_only_piece(from, branch, out)
                                             : false;
  return taken && from.pass("}") && from.ended();
}

} // namespace

bool take_plain_event(std::string_view data, int branch, deltas& out, std::string& message_id) {
  const auto text = out.text.size();
  const auto pieces = out.ends.size();
  reader from{data};
  std::string id;
  if (!take_event(from, branch, out, id)) {
    out.text.resize(text);
    out.ends.resize(pieces);
    return false;
  }
  if (!id.empty())
    message_id = std::move(id);
  return true;
}

} // namespace nekod::anuneko
