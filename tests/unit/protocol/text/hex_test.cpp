#include "protocol/text/hex.hpp"

#include <doctest/doctest.h>

#include <string>

namespace nekod {

TEST_CASE("a byte is two hexadecimal digits") {
  std::string out = "x";
  append_hex(out, std::uint8_t{0x00});
  append_hex(out, std::uint8_t{0x0f});
  append_hex(out, std::uint8_t{0xa0});
  append_hex(out, std::string_view{"\x7f\xff", 2});
  CHECK(out == "x000fa07fff");
  append_hex(out = "", std::string_view{"\x7f\xff", 2}, upper_hex_digits);
  CHECK(out == "7FFF");
}

TEST_CASE("digits have values in both cases, and other characters have none") {
  for (auto value = 0; value < 16; ++value) {
    CHECK(hex_value(hex_digits[static_cast<std::size_t>(value)]) == value);
    CHECK(hex_value(upper_hex_digits[static_cast<std::size_t>(value)]) == value);
  }
  auto others = 0;
  for (auto byte = 0; byte < 256; ++byte)
    others += hex_value(static_cast<char>(byte)) == -1 ? 1 : 0;
  CHECK(others == 256 - 22);
}

TEST_CASE("bytes are read from pairs of digits alone") {
  CHECK(bytes_of_hex("") == "");
  CHECK(bytes_of_hex("007Fff") == std::string{"\0\x7f\xff", 3});
  for (const auto* wrong : {"0", "000", "0g", "g0", "0x", " 0", "-1", "+1"})
    CHECK_FALSE(bytes_of_hex(wrong).has_value());
}

TEST_CASE("a number has as many hexadecimal digits as its width says") {
  std::string out;
  append_hex_number(out, 0x1234);
  CHECK(out == "0000000000001234");
  append_hex_number(out = "", 0xfedcba9876543210);
  CHECK(out == "fedcba9876543210");
  append_hex_number(out = "", 0xfedcba9876543210, 8);
  CHECK(out == "76543210");
  append_hex_number(out = "", 5, 0);
  CHECK(out.empty());
}

} // namespace nekod
