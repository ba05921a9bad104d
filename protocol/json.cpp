#include "protocol/json.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstring>

namespace nekod::json {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The length of the character at the front of *text*, which is not empty; 0 where there is none.
std::size_t character_length(std::string_view text) {
  auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return 0;
  // The second byte tells over-long forms, surrogates and what lies past U+10FFFF.
  const auto low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const auto high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high)
    return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  return length;
}

/// How many bytes at the front of *text* are UTF-8.
std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word = 0;
    if (text.size() - at >= sizeof(word)) {
      std::memcpy(&word, text.data() + at, sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        at += sizeof(word);
        continue;
      }
    }
    const auto length = character_length(text.substr(at));
    if (length == 0)
      break;
    at += length;
  }
  return at;
}

/// Takes the reader's events to a document, and stops it at what the reader itself lets pass.
class builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, builder> {
public:
  builder(rapidjson::Document& to, std::size_t depth_limit) : to_(to), levels_left_(depth_limit) {}

  /// Why it stopped the reader.
  fault reason() const { return reason_; }

  bool Null() { return to_.Null(); }
  bool Bool(bool b) { return to_.Bool(b); }

  /// The reader's own arithmetic on exponents overflows in RapidJSON 1.1.0, and then reads outside
  /// a table; so numbers arrive here as text.
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    const auto* end = text + size;
    auto is_whole = [end](std::from_chars_result r) { return r.ptr == end && r.ec == std::errc{}; };
    std::int64_t i = 0;
    if (is_whole(std::from_chars(text, end, i)))
      return to_.Int64(i);
    std::uint64_t u = 0;
    if (is_whole(std::from_chars(text, end, u)))
      return to_.Uint64(u);
    double d = 0;
    return is_whole(std::from_chars(text, end, d)) ? to_.Double(d) : stop(fault::syntax);
  }

  /// The reader lets the second half of a surrogate pair stand alone.
  bool String(const char* text, rapidjson::SizeType size, bool copy) {
    return is_utf8({text, size}) ? to_.String(text, size, copy) : stop(fault::encoding);
  }

  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return String(text, size, copy);
  }

  bool StartObject() { return enter() && to_.StartObject(); }
  bool StartArray() { return enter() && to_.StartArray(); }

  bool EndObject(rapidjson::SizeType members) {
    ++levels_left_;
    return to_.EndObject(members);
  }

  bool EndArray(rapidjson::SizeType elements) {
    ++levels_left_;
    return to_.EndArray(elements);
  }

private:
  bool enter() {
    if (levels_left_ == 0)
      return stop(fault::too_deep);
    --levels_left_;
    return true;
  }

  bool stop(fault reason) {
    reason_ = reason;
    return false;
  }

  rapidjson::Document& to_;
  std::size_t levels_left_;
  fault reason_ = fault::none;
};

fault fault_of(rapidjson::ParseErrorCode code, const builder& b) {
  switch (code) {
  case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
    return fault::encoding;
  case rapidjson::kParseErrorTermination:
    return b.reason();
  default:
    return fault::syntax;
  }
}

/// What stands behind the backslash for each byte: a letter, `u` for the long form, 0 for a byte
/// that needs none.
constexpr auto escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i)
    table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

char escape_of(char c) { return escapes[static_cast<unsigned char>(c)]; }

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto letter = escape_of(c);
  out += '\\';
  out += letter;
  if (letter == 'u') {
    const auto code = static_cast<unsigned char>(c);
    out += "00";
    out += digits[code >> 4];
    out += digits[code & 0xF];
  }
}

/// The byte that an escape of two bytes stands for; 0 for others.
char unescaped(char c) {
  switch (c) {
  case '"':
  case '\\':
  case '/':
    return c;
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return 0;
  }
}

} // namespace

document::document(std::string_view text, std::size_t depth_limit) {
  const auto skipped = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  read(text.substr(skipped), depth_limit);
  if (error != fault::none)
    offset += skipped;
}

void document::read(std::string_view text, std::size_t depth_limit) {
  auto fail = [this](fault reason, std::size_t at) {
    error = reason;
    offset = at;
  };
  if (const auto valid = utf8_prefix(text); valid < text.size())
    return fail(fault::encoding, valid);
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    return fail(fault::empty, text.size());
  // The reader would take it for the end of the text.
  if (const auto nul = text.find('\0'); nul != text.npos)
    return fail(fault::syntax, nul);
  rapidjson::MemoryStream stream{text.data(), text.size()};
  builder b{root, depth_limit};
  auto run = [&](rapidjson::Document&) {
    constexpr auto flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const auto outcome = rapidjson::Reader{}.Parse<flags>(stream, b);
    if (outcome.IsError())
      fail(fault_of(outcome.Code(), b), outcome.Offset());
    return !outcome.IsError();
  };
  root.Populate(run);
}

document parse(std::string_view text, std::size_t depth_limit) {
  return document{text, depth_limit};
}

const value* find(const value& object, std::string_view name) {
  if (!object.IsObject())
    return nullptr;
  const value key{rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))};
  const auto member = object.FindMember(key);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::optional<std::string_view> find_string(const value& object, std::string_view name) {
  const auto* v = find(object, name);
  if (v == nullptr || !v->IsString())
    return std::nullopt;
  return text_of(*v);
}

std::optional<std::int64_t> integer_of(const value& v) {
  if (v.IsInt64())
    return v.GetInt64();
  if (!v.IsDouble() || std::trunc(v.GetDouble()) != v.GetDouble())
    return std::nullopt;
  // 2^63 and -2^63 are doubles; the greatest integer is not.
  constexpr double limit = 9223372036854775808.0;
  if (v.GetDouble() < -limit || v.GetDouble() >= limit)
    return std::nullopt;
  return static_cast<std::int64_t>(v.GetDouble());
}

std::string_view text_of(const value& string) {
  return {string.GetString(), string.GetStringLength()};
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (escape_of(text[i]) == 0)
      continue;
    out.append(text, run, i - run);
    append_escape(out, text[i]);
    run = i + 1;
  }
  out.append(text, run);
}

std::optional<std::size_t> append_unescaped(std::string& out, std::string_view text) {
  const auto begin = out.size();
  auto ascii = true;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      ascii = false;
    } else if (byte == '"') {
      out.append(text, copied, i - copied);
      if (!ascii && !is_utf8(std::string_view{out}.substr(begin)))
        return std::nullopt;
      return i;
    } else if (byte < 0x20) {
      return std::nullopt;
    } else if (byte == '\\') {
      const auto c = i + 1 < text.size() ? unescaped(text[i + 1]) : '\0';
      if (c == 0)
        return std::nullopt;
      out.append(text, copied, i - copied);
      out += c;
      copied = ++i + 1;
    }
  }
  return std::nullopt;
}

std::string to_text(const value& v) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  v.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

} // namespace nekod::json
