#include "http/client/h1/coded_body.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

using nekod::http::coded_body;
using result = coded_body::result;

namespace {

/// @param window_bits As for `deflateInit2`: below zero without a header, above 15 as gzip.
std::string compressed(const std::string& text, int window_bits) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) ==
          Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

constexpr int gzip = MAX_WBITS + 16;
constexpr std::size_t no_limit = std::size_t{1} << 40;

/// What *bytes* decode to, in pieces of *size*; or why not.
std::string decoded(const char* codings, const std::string& bytes, std::size_t size) {
  auto coding = coded_body::of(codings);
  REQUIRE(coding);
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    if (coding->decode(bytes.substr(at, size), text, no_limit) != result::fine)
      return "undecodable";
  return text;
}

} // namespace

TEST_CASE("bodies are decoded, however they are split") {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += std::to_string(i * 7919);
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
    CHECK(decoded("gzip", compressed(text, gzip), size) == text);
    CHECK(decoded("x-gzip", compressed(text, gzip), size) == text);
    CHECK(decoded("deflate", compressed(text, MAX_WBITS), size) == text);
    CHECK(decoded("deflate", compressed(text, -MAX_WBITS), size) == text);
    CHECK(decoded("deflate,gzip", compressed(compressed(text, MAX_WBITS), gzip), size) == text);
    CHECK(decoded("identity,gzip", compressed(text, gzip), size) == text);
    // Of "hello", by the tools of brotli and zstd.
    CHECK(decoded("br", std::string{"\x0b\x02\x80hello\x03", 9}, size) == "hello");
    CHECK(decoded("zstd", std::string{"\x28\xb5\x2f\xfd\x20\x05\x29\0\0hello", 14}, size) ==
          "hello");
  }
}

TEST_CASE("what is not in its coding, or goes on behind its end, is undecodable") {
  for (const auto* coding : {"gzip", "br", "zstd"})
    CHECK(decoded(coding, std::string(100, 'x'), 100) == "undecodable");
  CHECK(decoded("deflate", std::string(100, '\xff'), 100) == "undecodable");
  CHECK(decoded("gzip", compressed("hello", gzip) + "x", 1) == "undecodable");
  CHECK(decoded("gzip", compressed("hello", gzip) + "x", 100) == "undecodable");
}

TEST_CASE("a body without a proper end is taken as far as it came") {
  const auto whole = compressed("hello", gzip);
  CHECK(decoded("gzip", whole.substr(0, whole.size() - 4), 100) == "hello");
}

TEST_CASE("codings that nobody knows, and too many, are refused") {
  CHECK_FALSE(coded_body::of("pack200"));
  CHECK_FALSE(coded_body::of("gzip,pack200"));
  CHECK(coded_body::of("gzip,gzip,gzip,gzip,gzip"));
  CHECK_FALSE(coded_body::of("gzip,gzip,gzip,gzip,gzip,gzip"));
  CHECK(coded_body::of(""));
}

TEST_CASE("a bomb ends at the limit") {
  const auto bomb = compressed(std::string(std::size_t{8} << 20, ' '), gzip);
  auto coding = coded_body::of("gzip");
  std::string text;
  CHECK(coding->decode(bomb, text, std::size_t{1} << 20) == result::too_long);
  CHECK(text.size() <= std::size_t{1} << 20);
}
