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
