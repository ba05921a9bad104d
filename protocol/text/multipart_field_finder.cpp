#include "protocol/text/multipart_field_finder.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>

namespace nekod::multipart {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view blank_line = "\r\n\r\n";

/// The most bytes of a part's header fields.
constexpr std::size_t most_fields = 8u << 10;

/// The most blanks after a boundary.
constexpr std::size_t most_blanks = 64;

/// The most bytes of a boundary. RFC 2046 allows 70; some clients use more.
constexpr std::size_t longest_boundary = 256;

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Removes a parameter's value from the front of *text*: a quoted string, or everything before the
/// next `;`.
std::string take_value(std::string_view& text) {
  std::string result;
  if (text.empty() || text.front() != '"') {
    auto end = std::min(text.find(';'), text.size());
    result = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    return result;
  }
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\'))
      ++i;
    result += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  text.remove_prefix(std::min(text.find(';'), text.size()));
  return result;
}

/// The first word of a header field such as `form-data; name="a"`.
std::string_view first_word(std::string_view value) noexcept {
  return trimmed(value.substr(0, value.find(';')));
}

/// The parameter *name* after that word.
std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  value.remove_prefix(std::min(value.find(';'), value.size()));
  while (!value.empty()) {
    value.remove_prefix(1); // The semicolon.
    auto equals = value.find('=');
    if (equals == std::string_view::npos)
      return std::nullopt;
    auto found = trimmed(value.substr(0, equals));
    value.remove_prefix(equals + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    auto text = take_value(value);
    if (same_word(found, name))
      return text;
  }
  return std::nullopt;
}

/// The value of the header field *name*; empty if there is none.
std::string_view field_of(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    auto end = std::min(fields.find(line_end), fields.size());
    auto line = fields.substr(0, end);
    fields.remove_prefix(std::min(end + line_end.size(), fields.size()));
    auto colon = line.find(':');
    if (colon != std::string_view::npos && same_word(trimmed(line.substr(0, colon)), name))
      return trimmed(line.substr(colon + 1));
  }
  return {};
}

/// Whether a part with these header fields is the text field *name*.
bool is_field(std::string_view fields, std::string_view name) {
  auto about = field_of(fields, "Content-Disposition");
  return same_word(first_word(about), "form-data") && parameter(about, "name") == name &&
         !parameter(about, "filename") && !parameter(about, "filename*");
}

} // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  if (!same_word(first_word(content_type), "multipart/form-data"))
    return std::nullopt;
  auto result = parameter(content_type, "boundary");
  if (!result || result->empty() || result->size() > longest_boundary)
    return std::nullopt;
  return result;
}

model_search field_finder::look(std::string_view so_far) {
  exhausted_ = false;
  while (state_ == model_search::looking && !exhausted_)
    state_ = next(so_far);
  return state_;
}

model_search field_finder::next(std::string_view text) {
  if (step_ == step::fields)
    return take_fields(text);
  if (step_ != step::value)
    return take_part(text);
  auto found = find_line(text);
  auto end = found ? found->begin : at_;
  if (end > begun_ + longest_)
    return model_search::absent;
  if (!found) {
    exhausted_ = true;
    return model_search::looking;
  }
  position_ = {begun_, end, std::string{text.substr(begun_, end - begun_)}};
  return model_search::found;
}

/// Skips a part that is not the field, or what precedes the first part.
model_search field_finder::take_part(std::string_view text) {
  auto found = find_line(text);
  if (!found) {
    exhausted_ = true;
    return model_search::looking;
  }
  if (found->last)
    return model_search::absent;
  begun_ = found->end;
  step_ = step::fields;
  return model_search::looking;
}

model_search field_finder::take_fields(std::string_view text) {
  // A part without header fields begins with the blank line.
  auto end = text.find(blank_line, begun_ - line_end.size());
  auto reached = end == std::string_view::npos ? text.size() - line_end.size() : end;
  if (reached > begun_ + most_fields)
    return model_search::absent;
  if (end == std::string_view::npos) {
    exhausted_ = true;
    return model_search::looking;
  }
  auto fields = end < begun_ ? std::string_view{} : text.substr(begun_, end - begun_);
  step_ = is_field(fields, name_) ? step::value : step::other;
  begun_ = at_ = end + blank_line.size();
  return model_search::looking;
}

/// The next line between parts from *at_* on; advances *at_* past everything that is not one.
std::optional<field_finder::line> field_finder::find_line(std::string_view text) {
  auto cut = false;
  if (step_ == step::preamble && at_ == 0) {
    // The first line may stand at the very beginning.
    auto bare = std::string_view{delimiter_}.substr(line_end.size());
    if (text.size() < bare.size() && bare.substr(0, text.size()) == text)
      return std::nullopt;
    if (text.substr(0, bare.size()) == bare)
      if (auto found = line_at(text, 0, bare.size(), cut); found || cut)
        return found;
  }
  for (;;) {
    auto begin = text.find(delimiter_, at_);
    if (begin == std::string_view::npos) {
      // A line may begin in the last bytes.
      at_ = std::max(at_, text.size() - std::min(text.size(), delimiter_.size() - 1));
      return std::nullopt;
    }
    at_ = begin;
    if (auto found = line_at(text, begin, delimiter_.size(), cut); found || cut)
      return found;
    at_ = begin + 1;
  }
}

/// The line whose delimiter of *size* bytes is at *begin*. Nothing if the boundary continues, since
/// it is another one then, or if the text is too short to tell; *cut* says which.
std::optional<field_finder::line> field_finder::line_at(std::string_view text, std::size_t begin,
                                                        std::size_t size, bool& cut) const {
  auto rest = text.substr(begin + size);
  if (rest.substr(0, 2) == "--")
    return line{begin, begin + size + 2, true};
  auto blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
  auto ending = rest.substr(blanks);
  if (blanks > most_blanks)
    return std::nullopt;
  if (ending.substr(0, 2) == line_end)
    return line{begin, begin + size + blanks + line_end.size(), false};
  cut = ending.empty() || ending == "\r" || rest == "-";
  return std::nullopt;
}

} // namespace nekod::multipart
