#include "protocol/openai/call_arguments.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <cstdint>

namespace nekod::openai {
namespace {

/// Writes each number as JavaScript does, which knows no others than doubles.
class number_writer : public rapidjson::Writer<rapidjson::StringBuffer> {
public:
  using Writer::Writer;

  bool Double(double d) {
    constexpr double exact = 9'007'199'254'740'992; // 2^53
    if (d == std::trunc(d) && std::abs(d) < exact)
      return Writer::Int64(static_cast<std::int64_t>(d));
    return Writer::Double(d);
  }
  bool Int64(std::int64_t i) { return Double(static_cast<double>(i)); }
  bool Uint64(std::uint64_t i) { return Double(static_cast<double>(i)); }
};

} // namespace

std::optional<std::string> comparable_arguments(const json::value* arguments) {
  if (arguments == nullptr || !arguments->IsString())
    return std::nullopt;
  const auto doc = json::parse(json::text_of(*arguments));
  if (doc.error == json::fault::empty)
    return "{}";
  if (!doc)
    return std::nullopt;
  rapidjson::StringBuffer buffer;
  number_writer writer{buffer};
  doc.root.Accept(writer);
  return std::string{buffer.GetString(), buffer.GetSize()};
}

} // namespace nekod::openai
