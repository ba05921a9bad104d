#include "protocol/text/json.hpp"

#include "protocol/text/json_halves.hpp"
#include "protocol/text/json_numbers.hpp"
#include "protocol/text/utf8.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstring>

namespace nekod::json {
namespace {

/// Passes the reader's events to a document, and stops the reader at faults that it would let pass.
class builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, builder> {
public:
  builder(rapidjson::Document& to, std::size_t depth_limit) : to_(to), levels_left_(depth_limit) {}

  /// Why the reader was stopped.
  fault reason() const { return reason_; }

  bool Null() { return to_.Null(); }
  bool Bool(bool b) { return to_.Bool(b); }

  /// RapidJSON 1.1.0's own arithmetic on exponents overflows and then reads outside a table, so
  /// numbers arrive here as text.
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

  /// The reader accepts the second half of a surrogate pair without the first.
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
  // The reader would take NUL for the end of the text.
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

document parse_foreign(std::string_view text) {
  if (has_lone_half(text))
    return parse_foreign(without_lone_halves(text));
  return has_odd_number(text) ? parse(without_odd_numbers(text)) : parse(text);
}

const value* find(const value& object, std::string_view name) {
  if (!object.IsObject())
    return nullptr;
  const value key{rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))};
  const auto member = object.FindMember(key);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

value* find(value& object, std::string_view name) {
  // The result is part of *object*, which is not const.
  return const_cast<value*>(find(static_cast<const value&>(object), name));
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
  // 2^63 and -2^63 are doubles; the largest 64-bit integer is not.
  constexpr double limit = 9223372036854775808.0;
  if (v.GetDouble() < -limit || v.GetDouble() >= limit)
    return std::nullopt;
  return static_cast<std::int64_t>(v.GetDouble());
}

std::string_view text_of(const value& string) {
  return {string.GetString(), string.GetStringLength()};
}

std::string to_text(const value& v) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  v.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

} // namespace nekod::json
