#include "protocol/text/sse.hpp"

#include "protocol/text/utf8.hpp"

#include <algorithm>

namespace nekod::sse {
namespace {

std::size_t line_length(std::string_view bytes) {
  const auto line = bytes.substr(0, bytes.find('\n'));
  return std::min(line.find('\r'), line.size());
}

/// A field's value: what follows the colon and an optional space.
std::string_view value_of(std::string_view line, std::size_t colon) {
  if (colon == line.npos)
    return {};
  line.remove_prefix(colon + 1);
  if (line.starts_with(' '))
    line.remove_prefix(1);
  return line;
}

} // namespace

parser::parser(std::size_t max_item_bytes) : max_item_bytes_(max_item_bytes) {}

bool parser::feed(std::string_view bytes, const handler& f) {
  while (!failed_ && !bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n')
      bytes.remove_prefix(1);
    after_cr_ = false;
    const auto length = line_length(bytes);
    if (length == bytes.size()) {
      partial_.append(bytes);
      failed_ = partial_.size() > max_item_bytes_;
      break;
    }
    after_cr_ = bytes[length] == '\r';
    if (partial_.empty()) {
      failed_ = !take_line(bytes.substr(0, length), f);
    } else {
      partial_.append(bytes, 0, length);
      failed_ = !take_line(partial_, f);
      keep_data();
      partial_.clear();
    }
    bytes.remove_prefix(length + 1);
  }
  keep_data();
  return !failed_;
}

bool parser::finish(const handler& f) {
  if (!failed_ && !partial_.empty())
    failed_ = !take_line(partial_, f);
  if (!failed_)
    dispatch(f);
  partial_.clear();
  return !failed_;
}

bool parser::take_line(std::string_view line, const handler& f) {
  if (line.size() > max_item_bytes_)
    return false;
  if (at_start_ && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  if (line.empty()) {
    dispatch(f);
    return true;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  if (field == "data")
    return take_data(value_of(line, colon));
  if (field == "event")
    name_ = value_of(line, colon);
  else if (!field.empty() && field != "id" && field != "retry")
    f({.name = {}, .data = line, .stray = true});
  return true;
}

bool parser::take_data(std::string_view value) {
  if (!has_data_) {
    has_data_ = true;
    borrowed_ = value;
    return true;
  }
  keep_data();
  data_ += '\n';
  data_ += value;
  return data_.size() <= max_item_bytes_;
}

/// Copies borrowed data before its bytes go away.
void parser::keep_data() {
  if (borrowed_.empty())
    return;
  data_ = borrowed_;
  borrowed_ = {};
}

void parser::dispatch(const handler& f) {
  if (has_data_)
    f({.name = name_, .data = borrowed_.empty() ? data_ : borrowed_, .stray = false});
  name_.clear();
  data_.clear();
  borrowed_ = {};
  has_data_ = false;
}

void append_event(std::string& out, std::string_view data) {
  out += "data: ";
  out += data;
  out += "\n\n";
}

void append_event(std::string& out, std::string_view name, std::string_view data) {
  out += "event: ";
  out += name;
  out += '\n';
  append_event(out, data);
}

} // namespace nekod::sse
