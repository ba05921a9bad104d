#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

/// The database before there are actors: its schema, and the key in it. Blocks.
namespace nekod::postgres {

/// Why a database cannot be used.
class schema_error : public std::runtime_error {
public:
  schema_error(const std::string& text, bool may_pass)
      : std::runtime_error(text), may_pass_(may_pass) {}

  /// Whether it may succeed later without anybody changing a setting: no server answers.
  bool may_pass() const noexcept { return may_pass_; }

private:
  bool may_pass_;
};

/// Whether a start may bring the schema up to date.
enum class migration : bool { refused, allowed };

/// Checks the schema, and brings it up to date if that is allowed. Several nodes may do so at once.
/// @param patience For how long a server that does not answer is asked again.
/// @returns the key of the digests and identities in the records.
/// @throws schema_error
std::string prepare(const std::string& address, migration m, std::chrono::seconds patience);

} // namespace nekod::postgres
