#pragma once

#include "actors/session/session_record.hpp"
#include "actors/store/response_record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// The file that moves sessions from one store to another, one JSON object a line: a head, the
/// sessions, the responses, an end. UTF-8; of a store that does not change, always the same bytes.
///
///     {"nekod_sessions":1,"digest_key":"00FF..."}
///     {"session":{"id":"...",...}}
///     {"response":{"id":"...",...}}
///     {"end":{"sessions":1,"responses":1}}
///
/// Times are microseconds since 1970. Digests are hexadecimal. What is JSON in a record, such as a
/// message, is in a string here, since it may have line breaks. Responses come in the order in
/// which they were stored, so that each follows its parent. Pure.
namespace nekod::moving {

/// The version of the format. One that older versions of nekod misread gets the next number.
inline constexpr std::int64_t format = 1;

/// The first line.
struct head {
  head() = default;
  explicit head(std::string k) : digest_key(std::move(k)) {}

  /// The secret for the digests and identities in the records, as `session_store::key`: 64
  /// hexadecimal digits. Without it no conversation is recognised.
  std::string digest_key;
};

/// The last line: without it the file is incomplete.
struct end {
  end() = default;
  end(std::uint64_t s, std::uint64_t r) : sessions(s), responses(r) {}

  bool operator==(const end&) const = default;

  std::uint64_t sessions = 0;
  std::uint64_t responses = 0;
};

// A line each, without its line break.
std::string line_of(const head& h);
std::string line_of(const session_record& r);
std::string line_of(const response_record& r);
std::string line_of(const end& e);

/// Bytes as upper-case hexadecimal digits.
std::string hex_of(std::string_view bytes);

} // namespace nekod::moving
